import type { ResultItem } from '#shared/contracts/result.ts';
import { SOURCE_INDEX, SOURCE_INDEX_SLOTS } from '#shared/names.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import {
  isExpired,
  newestFirst,
  PLACE_ATTRIBUTES,
  type Place,
  type QueryItems,
  type ReadDeps,
  readPlaces,
  toPlaces,
} from './places.ts';
import { sourceKeyOf } from './result-item.ts';

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

/** A reader by two steps: `Query` for where results stand, and `BatchGetItem` for those of the page. */
export function createResultsReader(
  deps: ReadDeps & { readonly query: QueryItems },
): ResultsReader {
  const { query, now = Date.now } = deps;

  const read = (places: readonly Place[], page: Page, limit = Infinity) =>
    readPlaces(places, deps, { ...page, limit });

  return {
    async byId(id, page = {}) {
      const before = page.cursor === undefined ? undefined : decodeCursor(page.cursor, { id });
      const items = await query({
        key: ['pk', `REC#${id}`],
        attributes: PLACE_ATTRIBUTES,
        ...(page.signal && { signal: page.signal }),
      });
      const places = toPlaces(items.filter((item) => !isExpired(item, now())))
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
