import type { Operation } from '../context.ts';
import { writeItem } from './write-item.ts';

/** UpdateItem, captured for the table's stream. */
export const updateItem: Operation = (context, input) => writeItem(context, 'UpdateItem', input);
