import * as z from 'zod';
import type { ResultItem } from '#shared/contracts/result.ts';
import { TTL_ATTRIBUTE } from './definition.ts';
import { type GetBatch, getItems } from './get-items.ts';
import { fromStoredItem, isResult, type StoredItem } from './stored-item.ts';

/** Results are read so many at a time: each may be of megabytes. */
const CHUNK = 25;

/** One `Query`: up to `limit` items of a partition, all of them where it is left out; newest first unless said otherwise. */
export type QueryItems = (query: {
  readonly index?: string;
  readonly key: readonly [name: string, value: string];
  /** Bounds of a sort key, both inclusive. */
  readonly range?: readonly [name: string, from: string, to: string];
  readonly limit?: number;
  readonly oldestFirst?: boolean;
  /** What to bring of each item; all that there is where left out. */
  readonly attributes?: readonly string[];
  readonly signal?: AbortSignal;
}) => Promise<StoredItem[]>;

/** A place as JSON has it. */
export const placeSchema = z.object({
  sourceKey: z.string(),
  sourceOrder: z.string(),
  pk: z.string(),
  sk: z.string(),
});

/** Where a result stands: in its source's list, and in the table. */
export type Place = z.output<typeof placeSchema>;

/** The attributes of a place, and by which it is known whether the result has expired. */
export const PLACE_ATTRIBUTES = [...Object.keys(placeSchema.shape), TTL_ATTRIBUTE];

/** The places that items or index entries name; what names none is left out. */
export const toPlaces = (items: readonly StoredItem[]): Place[] =>
  items.flatMap((item) => placeSchema.safeParse(item).data ?? []);

/** Orders places as lists have them. */
export const newestFirst = (a: Place, b: Place): number =>
  a.sourceOrder < b.sourceOrder ? 1 : a.sourceOrder > b.sourceOrder ? -1 : 0;

/** What a place says of its result, without reading it. */
export const aboutPlace = ({ sourceKey, sourceOrder, sk }: Place) => ({
  source: sourceKey.slice(sourceKey.indexOf('#') + 1, sourceKey.lastIndexOf('#')),
  arrivedAt: sourceOrder.slice(0, sourceOrder.indexOf('#')),
  pipelineVersion: sk.slice(sk.indexOf('#') + 1, sk.lastIndexOf('#')),
});

/** Whether the table's TTL has come, though the table may keep the item for days. */
export const isExpired = (item: StoredItem | ResultItem, now: number): boolean =>
  typeof item.expiresAt === 'number' && item.expiresAt * 1000 <= now;

/** How results are read from their places. */
export interface ReadDeps {
  readonly getBatch: GetBatch;
  readonly now?: () => number;
}

/**
 * Results by where they stand, until there are enough, and where the last one stands that was looked at. What is gone, has
 * expired or stands elsewhere by now is left out: an index lags behind its table.
 *
 * @param bounds.maximumLength stop after the result with which they pass so many characters of JSON
 */
export async function readPlaces(
  places: readonly Place[],
  { getBatch, now = Date.now }: ReadDeps,
  bounds: { limit?: number; maximumLength?: number; signal?: AbortSignal } = {},
) {
  const { limit = Infinity, maximumLength = Infinity, signal } = bounds;
  const results: ResultItem[] = [];
  let length = 0;
  for (let at = 0; at < places.length; at += CHUNK) {
    const chunk = places.slice(at, at + CHUNK);
    const items = await getItems(chunk, { getBatch, ...(signal && { signal }) });
    for (const [index, place] of chunk.entries()) {
      const item = toResult(items[index]);
      if (item?.sourceKey !== place.sourceKey || item.sourceOrder !== place.sourceOrder) continue;
      if (isExpired(item, now())) continue;
      results.push(item);
      length += maximumLength === Infinity ? 0 : JSON.stringify(item).length;
      if (results.length === limit || length > maximumLength) return { results, last: place };
    }
  }
  return { results, last: places.at(-1) };
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
