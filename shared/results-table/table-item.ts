import type { RejectionItem } from '#shared/contracts/rejection.ts';
import type { ResultItem } from '#shared/contracts/result.ts';

export type { RejectionItem, ResultItem };

/** What the results table holds. */
export type TableItem = ResultItem | RejectionItem;

/** Whether an item is a result; else it is a rejection. */
export function isResult(item: TableItem): item is ResultItem {
  return 'entities' in item;
}
