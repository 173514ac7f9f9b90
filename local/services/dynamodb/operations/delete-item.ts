import type { Operation } from '../context.ts';
import { writeItem } from './write-item.ts';

/** DeleteItem, captured for the table's stream. */
export const deleteItem: Operation = (context, input) => writeItem(context, 'DeleteItem', input);
