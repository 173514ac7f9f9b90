import type { Operation } from '../context.ts';
import { writeItem } from './write-item.ts';

/** BatchWriteItem, captured for the table's stream. */
export const batchWriteItem: Operation = (context, input) =>
  writeItem(context, 'BatchWriteItem', input);
