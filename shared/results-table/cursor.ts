import { z } from 'zod';
import { ValidationError } from '#shared/errors.ts';
import { SOURCE_INDEX_SLOTS } from '#shared/names.ts';

/** What a client is told of a cursor that is not ours. */
export const UNKNOWN_CURSOR = 'cursor is not one that was given out for this source';

/** Where a page of a source's results ended: by slot, the last sort key given out. */
const cursorSchema = z.strictObject({
  source: z.string().max(64),
  slots: z
    .array(z.tuple([z.string().max(512), z.string().max(512), z.string().max(512)]).nullable())
    .length(SOURCE_INDEX_SLOTS),
});

/** A page's end; a slot's entry is its last item's `[sourceOrder, pk, sk]`, null where nothing of it was given out yet. */
export type Cursor = z.output<typeof cursorSchema>;

/** The cursor as clients see it: opaque, URL-safe. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/**
 * Reads a cursor back.
 *
 * @throws {ValidationError} where it is not one that was given out for this source
 */
export function decodeCursor(encoded: string, source: string): Cursor {
  try {
    const cursor = cursorSchema.parse(
      JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')),
    );
    if (cursor.source === source) return cursor;
  } catch {
    // Answered below: a client need not know how a cursor is made.
  }
  throw new ValidationError('cursor', UNKNOWN_CURSOR);
}
