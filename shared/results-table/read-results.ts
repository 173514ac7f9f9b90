import { z } from 'zod';
import type { ResultItem } from '#shared/contracts/result.ts';
import { ValidationError } from '#shared/errors.ts';
import { SOURCE_INDEX, SOURCE_INDEX_SLOTS } from '#shared/names.ts';
import { type Cursor, decodeCursor, encodeCursor, UNKNOWN_CURSOR } from './cursor.ts';
import { type GetBatch, getItems } from './get-items.ts';
import { sourceKeyOf } from './source-index.ts';
import { fromStoredItem, type StoredItem } from './stored-item.ts';
import { isResult } from './table-item.ts';

/** A question for a source's results: times are ISO 8601, `from` inclusive, `to` exclusive. */
export interface SourceQuery {
  readonly source: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A page of results, newest first, of `limit` at most; no cursor on the last. */
export interface ResultsPage {
  readonly results: ResultItem[];
  readonly cursor?: string;
}

/** Reads the results table. */
export interface ResultsReader {
  /** Every result of an id, newest first. */
  byId(id: string): Promise<ResultItem[]>;
  /** @throws {ValidationError} for a cursor that was not given out */
  bySource(query: SourceQuery): Promise<ResultsPage>;
}

/** One `Query`: up to `limit` items of a partition, all of them where it is left out. */
export type QueryItems = (query: {
  readonly index?: string;
  readonly key: readonly [name: string, value: string];
  readonly range?: readonly [name: string, from: string, to: string];
  readonly startAfter?: Readonly<Record<string, string>>;
  readonly limit?: number;
}) => Promise<StoredItem[]>;

/** What the index keeps of a result, as far as it is used: where it stands, and its key in the table. */
const indexEntrySchema = z.object({
  sourceKey: z.string(),
  sourceOrder: z.string(),
  pk: z.string(),
  sk: z.string(),
});
type IndexEntry = z.output<typeof indexEntrySchema>;

/** A reader on `Query` for an id; for a source on `Query` of the index, and `BatchGetItem` of what that names. */
export function createResultsReader(deps: {
  query: QueryItems;
  getBatch: GetBatch;
}): ResultsReader {
  const { query, getBatch } = deps;

  /** Results that the index names. It lags behind the table: one that is gone, or stands elsewhere by now, is left out. */
  async function resultsOf(entries: readonly IndexEntry[]): Promise<ResultItem[]> {
    const items = await getItems(entries, { getBatch });
    return entries.flatMap(({ sourceKey, sourceOrder }, at) =>
      toResults([items[at] ?? {}]).filter(
        (item) => item.sourceKey === sourceKey && item.sourceOrder === sourceOrder,
      ),
    );
  }

  return {
    async byId(id) {
      const items = await query({ key: ['pk', `REC#${id}`] });
      return toResults(items).sort((a, b) => descending(a.sourceOrder, b.sourceOrder));
    },
    async bySource({ source, from, to, limit, cursor: encoded }) {
      const cursor: Cursor = encoded
        ? decodeCursor(encoded, source)
        : { source, slots: Array.from({ length: SOURCE_INDEX_SLOTS }, () => null) };
      const bySlot = await Promise.all(
        cursor.slots.map(async (last, slot) => {
          const key = sourceKeyOf(source, slot);
          const items = await refusingCursor(
            encoded,
            query({
              index: SOURCE_INDEX,
              key: ['sourceKey', key],
              range: ['sourceOrder', from ?? '0', to ?? ':'],
              ...(last && {
                startAfter: { sourceKey: key, sourceOrder: last[0], pk: last[1], sk: last[2] },
              }),
              limit: limit + 1,
            }),
          );
          return items.map((item) => ({ slot, ...indexEntrySchema.parse(item) }));
        }),
      );
      const merged = bySlot.flat().sort((a, b) => descending(a.sourceOrder, b.sourceOrder));
      const page = merged.slice(0, limit);
      const results = await resultsOf(page);
      if (merged.length <= limit) return { results };
      const slots = [...cursor.slots];
      for (const { slot, sourceOrder, pk, sk } of page) slots[slot] = [sourceOrder, pk, sk];
      return { results, cursor: encodeCursor({ source, slots }) };
    },
  };
}

/** A start key that the table refuses can only come from a cursor that was tampered with. */
async function refusingCursor<T>(cursor: string | undefined, query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    if (cursor === undefined || !(error instanceof Error && error.name === 'ValidationException')) {
      throw error;
    }
    throw new ValidationError('cursor', UNKNOWN_CURSOR, { cause: error });
  }
}

const descending = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);

const toResults = (items: readonly StoredItem[]): ResultItem[] =>
  items.flatMap((stored) => {
    const item = fromStoredItem(stored);
    return item && isResult(item) ? [item] : [];
  });
