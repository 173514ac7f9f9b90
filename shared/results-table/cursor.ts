import { z } from 'zod';
import { ValidationError } from '#shared/errors.ts';

/** Of which list a page is: a source's results, or a record's. */
export type List = { readonly source: string } | { readonly id: string };

const cursorSchema = z.strictObject({ of: z.string(), before: z.string().min(1).max(512) });
const nameOf = (list: List): string => ('id' in list ? `id:${list.id}` : `source:${list.source}`);

/**
 * The cursor of what comes after a result, as clients see it: opaque, URL-safe, of some 400 characters. Lists go from the
 * newest to the oldest, so a place in one is the `sourceOrder` that it goes on below.
 */
export function encodeCursor(list: List, before: string): string {
  return Buffer.from(JSON.stringify({ of: nameOf(list), before })).toString('base64url');
}

/**
 * Reads a cursor back: the `sourceOrder` to go on below.
 *
 * @throws {ValidationError} where it is not one that was given out for this list
 */
export function decodeCursor(encoded: string, list: List): string {
  try {
    const json = Buffer.from(encoded, 'base64url').toString('utf8');
    const { of, before } = cursorSchema.parse(JSON.parse(json));
    if (of === nameOf(list)) return before;
  } catch {
    // Answered below: a client need not know how a cursor is made.
  }
  const kind = 'id' in list ? 'record' : 'source';
  throw new ValidationError('cursor', `cursor is not one that was given out for this ${kind}`);
}
