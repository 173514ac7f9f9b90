import type { Operation } from '../context.ts';
import { writeItem } from './write-item.ts';

/** PutItem, captured for the table's stream. */
export const putItem: Operation = (context, input) => writeItem(context, 'PutItem', input);
