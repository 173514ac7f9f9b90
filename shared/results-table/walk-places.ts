import { SOURCE_INDEX, SOURCE_INDEX_SLOTS } from '#shared/names.ts';
import { type Place, type QueryItems, toPlaces } from './places.ts';
import { sourceKeyOf } from './result-item.ts';
import type { StoredItem } from './stored-item.ts';

/** Places of a slot that are read at a time. */
const PLACES_A_QUERY = 500;

/** One page of a `Scan` of an index, of items whose attribute lies between two bounds, both inclusive. */
export type ScanItems = (scan: {
  readonly index: string;
  readonly range: readonly [name: string, from: string, to: string];
  /** Keys of the item to go on after. */
  readonly after?: StoredItem | undefined;
  readonly signal?: AbortSignal | undefined;
}) => Promise<{ readonly items: readonly StoredItem[]; readonly next?: StoredItem }>;

/** Which places to walk: times are ISO 8601 in UTC with milliseconds, `from` inclusive, `to` exclusive. */
export interface Walk {
  /** All sources where left out. */
  readonly source?: string | undefined;
  readonly from: string;
  readonly to: string;
  /** A place of an earlier walk, to go on behind. */
  readonly after?: Place | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where the results of a time stand, by the index alone: a source's from the oldest on. Without a source the whole index is
 * read, and comes in its own order, slot by slot.
 */
export async function* walkPlaces(
  walk: Walk,
  { query, scan }: { readonly query: QueryItems; readonly scan: ScanItems },
): AsyncGenerator<Place, void, undefined> {
  const { source, from, to, after, signal } = walk;
  const isWithin = ({ sourceOrder }: Place) => sourceOrder >= from && sourceOrder < to;
  if (source === undefined) {
    let start: StoredItem | undefined = after;
    do {
      const range = ['sourceOrder', from, to] as const;
      const page = await scan({ index: SOURCE_INDEX, range, after: start, signal });
      yield* toPlaces(page.items).filter(isWithin);
      start = page.next;
    } while (start);
    return;
  }
  async function* walkSlot(slot: number): AsyncGenerator<Place, void, undefined> {
    let last = after?.sourceOrder ?? from;
    for (let isLast = false; !isLast; ) {
      const items = await query({
        index: SOURCE_INDEX,
        key: ['sourceKey', sourceKeyOf(source ?? '', slot)],
        range: ['sourceOrder', last, to],
        limit: PLACES_A_QUERY,
        oldestFirst: true,
        ...(signal && { signal }),
      });
      const before = last;
      // The bounds are inclusive.
      const places = toPlaces(items).filter((place) => place.sourceOrder > before);
      yield* places.filter(isWithin);
      last = places.at(-1)?.sourceOrder ?? last;
      isLast = items.length < PLACES_A_QUERY || places.length === 0;
    }
  }
  yield* merge(Array.from({ length: SOURCE_INDEX_SLOTS }, (_, slot) => walkSlot(slot)));
}

/** One list of lists that are each in order. */
async function* merge(lists: AsyncGenerator<Place, void, undefined>[]) {
  const heads = await Promise.all(
    lists.map(async (list) => ({ list, place: (await list.next()).value })),
  );
  for (;;) {
    let oldest: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.place && (!oldest?.place || head.place.sourceOrder < oldest.place.sourceOrder))
        oldest = head;
    }
    if (!oldest?.place) return;
    yield oldest.place;
    oldest.place = (await oldest.list.next()).value;
  }
}
