import type { ResultItem } from '#shared/contracts/result.ts';
import type { GetBatch } from '#shared/results-table/get-items.ts';
import type { QueryItems } from '#shared/results-table/places.ts';
import type { StoredItem } from '#shared/results-table/stored-item.ts';
import type { ScanItems } from '#shared/results-table/walk-places.ts';

/**
 * `Query`, `Scan` and `BatchGetItem` over results in memory. As in DynamoDB, the index holds keys alone and may know
 * what the table does not hold any more, a call takes at most 100 different keys, and answers come in an order of their own.
 */
export function resultsIn(
  table: () => readonly ResultItem[],
  index: () => readonly ResultItem[] = table,
): { query: QueryItems; scan: ScanItems; getBatch: GetBatch } {
  return {
    query: async ({ index: name, key, range, limit, oldestFirst = false, attributes }) =>
      (name === undefined ? table() : index())
        .filter((item) => Reflect.get(item, key[0]) === key[1])
        .filter(({ sourceOrder }) => !range || (sourceOrder >= range[1] && sourceOrder <= range[2]))
        .sort((a, b) => (a.sourceOrder < b.sourceOrder === oldestFirst ? -1 : 1))
        .slice(0, limit)
        .map((item) => (name === undefined ? only(item, attributes) : only(item, KEYS))),
    async scan({ range, after }) {
      const all = [...index()].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
      const from = after ? all.findIndex((item) => placeOf(item) === placeOf(after)) + 1 : 0;
      const page = all.slice(from, from + SCANNED_AT_A_TIME);
      const last = page.at(-1);
      return {
        items: page
          .filter(({ sourceOrder }) => sourceOrder >= range[1] && sourceOrder <= range[2])
          .map((item) => only(item, KEYS)),
        ...(last && from + page.length < all.length && { next: only(last, KEYS) }),
      };
    },
    async getBatch(keys) {
      const wanted = new Set(keys.map(({ pk, sk }) => `${pk} ${sk}`));
      if (wanted.size < keys.length || keys.length > 100) throw new Error('ValidationException');
      const items = table().filter(({ pk, sk }) => wanted.has(`${pk} ${sk}`));
      return { items: [...items], unprocessed: [] };
    },
  };
}

const SCANNED_AT_A_TIME = 7;
const placeOf = (item: StoredItem | ResultItem) => `${item.sourceKey} ${item.sourceOrder}`;
const KEYS = ['pk', 'sk', 'sourceKey', 'sourceOrder'];
const only = (item: ResultItem, attributes: readonly string[] = Object.keys(item)) =>
  Object.fromEntries(Object.entries(item).filter(([name]) => attributes.includes(name)));
