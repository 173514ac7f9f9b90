import type * as z from 'zod';
import { publicResultSchema } from '#shared/contracts/http-api.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { encodeCursor, type List } from '#shared/results-table/cursor.ts';
import type { Bounds } from './on-demand.ts';
import { HttpError } from './problems.ts';

/** Most characters of what the table has of results and an answer leaves out, their keys, over the longest page and one more. */
const KEYS_SLACK = 101 * 1_000;
/** Cursors differ in length as ids do. */
const PAGE_SLACK = 500;

/**
 * How much of the table is read for a page. JSON is never shorter in an envelope than it is alone: more than this never fits, so that the page's cursor tells of the rest.
 */
export const reading = ({ maximumBytes, signal }: Bounds) => ({
  maximumLength: maximumBytes + KEYS_SLACK,
  signal,
});

/**
 * As much of a list as is asked for and fits an answer; with a cursor where it was cut.
 *
 * @throws {HttpError} 413 where not even the first result fits, with the cursor that leads past it
 */
export function cutPage(list: List, items: readonly ResultItem[], limit: number, bounds: Bounds) {
  const results: z.output<typeof publicResultSchema>[] = [];
  const end = items[0]?.sourceOrder ?? '';
  let bytes = bounds.bytesOf({ ...list, results, cursor: encodeCursor(list, end) }) + PAGE_SLACK;
  for (const [index, item] of items.entries()) {
    const result = publicResultSchema.parse(item);
    bytes += bounds.bytesOf(result) + 1;
    if (index < limit && bytes <= bounds.maximumBytes) {
      results.push(result);
      continue;
    }
    const last = items[index - 1];
    if (last) return { results, cursor: encodeCursor(list, last.sourceOrder) };
    const detail = `A result of ${item.id} is too large for an answer; it can be read from the table.`;
    throw new HttpError(413, detail, { cursor: encodeCursor(list, item.sourceOrder) });
  }
  return { results };
}
