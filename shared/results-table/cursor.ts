import * as z from 'zod';
import { ValidationError } from '#shared/errors.ts';

/** Of which list a page is: a source's results, a record's, or dead letters, by what of them is asked for. */
export type List =
  | { readonly source: string }
  | { readonly id: string }
  | { readonly failures: string };

const cursorSchema = z.strictObject({ of: z.string(), before: z.string().min(1).max(1_100) });

/** What a list is of, and its name in a cursor. */
function describe(list: List): readonly [kind: string, name: string] {
  if ('id' in list) return ['record', `id:${list.id}`];
  if ('source' in list) return ['source', `source:${list.source}`];
  return ['list', `failures:${list.failures}`];
}

/**
 * The cursor of what comes after an entry, as clients see it: opaque, URL-safe, of some 400 characters. Lists go from the
 * newest to the oldest, so a place in one is what they are in order of, such as `sourceOrder`, and they go on below it.
 */
export function encodeCursor(list: List, before: string): string {
  return Buffer.from(JSON.stringify({ of: describe(list)[1], before })).toString('base64url');
}

/**
 * Reads a cursor back: the place to go on below.
 *
 * @throws {ValidationError} where it is not one that was given out for this list
 */
export function decodeCursor(encoded: string, list: List): string {
  const [kind, name] = describe(list);
  try {
    const json = Buffer.from(encoded, 'base64url').toString('utf8');
    const { of, before } = cursorSchema.parse(JSON.parse(json));
    if (of === name) return before;
  } catch {
    // Answered below: a client need not know how a cursor is made.
  }
  throw new ValidationError('cursor', `cursor is not one that was given out for this ${kind}`);
}
