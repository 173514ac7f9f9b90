import { z } from 'zod';
import type { ResultItem } from '#shared/contracts/result.ts';
import { SOURCE_INDEX, SOURCE_INDEX_SLOTS } from '#shared/names.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { TTL_ATTRIBUTE } from './definition.ts';
import { type GetBatch, getItems } from './get-items.ts';
import { sourceKeyOf } from './result-item.ts';
import { fromStoredItem, isResult, type StoredItem } from './stored-item.ts';

/** Results are read so many at a time: each may be of megabytes. */
const CHUNK = 25;

/** How much to read of a list, newest first. */
interface Page {
  /** Where the last page ended. */
  readonly cursor?: string | undefined;
  /** Stop after the result with which they pass so many characters of JSON. */
  readonly maximumLength?: number;
  readonly signal?: AbortSignal;
}

/** A question for a source's results: times are ISO 8601 in UTC with milliseconds, `from` inclusive, `to` exclusive. */
export interface SourceQuery extends Page {
  readonly source: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit: number;
}

/** A page of results, newest first, of `limit` at most, perhaps of none; no cursor on the last. */
export interface ResultsPage {
  readonly results: ResultItem[];
  readonly cursor?: string;
}

/** Reads the results table. What has expired is left out, though the table may keep it for days. */
export interface ResultsReader {
  /**
   * Results of an id, newest first: all of them, or `limit` at most.
   *
   * @throws {ValidationError} for a cursor that was not given out
   */
  byId(id: string, page?: Page & { readonly limit?: number }): Promise<ResultItem[]>;
  /** @throws {ValidationError} for a cursor that was not given out */
  bySource(query: SourceQuery): Promise<ResultsPage>;
}

/** One `Query`, newest first: up to `limit` items of a partition, all of them where it is left out. */
export type QueryItems = (query: {
  readonly index?: string;
  readonly key: readonly [name: string, value: string];
  /** Bounds of a sort key, both inclusive. */
  readonly range?: readonly [name: string, from: string, to: string];
  readonly limit?: number;
  /** What to bring of each item; all that there is where left out. */
  readonly attributes?: readonly string[];
  readonly signal?: AbortSignal;
}) => Promise<StoredItem[]>;

/** Where a result stands: in its list, and in the table. */
const placeSchema = z.object({
  sourceKey: z.string(),
  sourceOrder: z.string(),
  pk: z.string(),
  sk: z.string(),
});
type Place = z.output<typeof placeSchema>;
const PLACE_ATTRIBUTES = [...Object.keys(placeSchema.shape), TTL_ATTRIBUTE];

const toPlaces = (items: readonly StoredItem[]): Place[] =>
  items.flatMap((item) => placeSchema.safeParse(item).data ?? []);
const newestFirst = (a: Place, b: Place): number =>
  a.sourceOrder < b.sourceOrder ? 1 : a.sourceOrder > b.sourceOrder ? -1 : 0;

/** A reader by two steps: `Query` for where results stand, and `BatchGetItem` for those of the page. */
export function createResultsReader(deps: {
  query: QueryItems;
  getBatch: GetBatch;
  now?: () => number;
}): ResultsReader {
  const { query, getBatch, now = Date.now } = deps;

  /**
   * Results by where they stand, until there are enough, and where the last one stands that was looked at. What is gone, has
   * expired or stands elsewhere by now is left out: an index lags behind its table.
   */
  async function read(
    places: readonly Place[],
    { maximumLength = Infinity, signal }: Page,
    limit = Infinity,
  ) {
    const results: ResultItem[] = [];
    let length = 0;
    for (let at = 0; at < places.length; at += CHUNK) {
      const chunk = places.slice(at, at + CHUNK);
      const items = await getItems(chunk, { getBatch, ...(signal && { signal }) });
      for (const [index, place] of chunk.entries()) {
        const item = toResult(items[index]);
        if (item?.sourceKey !== place.sourceKey || item.sourceOrder !== place.sourceOrder) continue;
        if (isExpired(item)) continue;
        results.push(item);
        length += maximumLength === Infinity ? 0 : JSON.stringify(item).length;
        if (results.length === limit || length > maximumLength) return { results, last: place };
      }
    }
    return { results, last: places.at(-1) };
  }

  const isExpired = (item: StoredItem | ResultItem): boolean =>
    typeof item.expiresAt === 'number' && item.expiresAt * 1000 <= now();

  return {
    async byId(id, page = {}) {
      const before = page.cursor === undefined ? undefined : decodeCursor(page.cursor, { id });
      const items = await query({
        key: ['pk', `REC#${id}`],
        attributes: PLACE_ATTRIBUTES,
        ...(page.signal && { signal: page.signal }),
      });
      const places = toPlaces(items.filter((item) => !isExpired(item)))
        .filter(({ sourceOrder }) => before === undefined || sourceOrder < before)
        .sort(newestFirst);
      return (await read(places, page, page.limit)).results;
    },
    async bySource({ source, from = '0', to = ':', limit, ...page }) {
      const before = page.cursor === undefined ? to : decodeCursor(page.cursor, { source });
      const upTo = before < to ? before : to;
      if (upTo <= from) return { results: [] };
      const slots = await Promise.all(
        Array.from({ length: SOURCE_INDEX_SLOTS }, (_, slot) =>
          query({
            index: SOURCE_INDEX,
            key: ['sourceKey', sourceKeyOf(source, slot)],
            range: ['sourceOrder', from, upTo],
            // One to see whether there are more, and one because the bounds are inclusive.
            limit: limit + 2,
            ...(page.signal && { signal: page.signal }),
          }),
        ),
      );
      const places = toPlaces(slots.flat())
        .filter(({ sourceOrder }) => sourceOrder < upTo)
        .sort(newestFirst);
      const { results, last } = await read(places.slice(0, limit), page);
      const end = places.at(-1);
      return last === undefined || last === end
        ? { results }
        : { results, cursor: encodeCursor({ source }, last.sourceOrder) };
    },
  };
}

/** What cannot be read is nothing that this project wrote: it must not keep from the results beside it. */
function toResult(stored: StoredItem | undefined): ResultItem | undefined {
  try {
    const item = stored && fromStoredItem(stored);
    return item && isResult(item) ? item : undefined;
  } catch {
    return undefined;
  }
}
