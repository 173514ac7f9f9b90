import type * as z from 'zod';
import type { FailuresAnswer, failuresQuerySchema } from '#shared/contracts/failures.ts';
import { ValidationError } from '#shared/errors.ts';
import { decodeCursor, encodeCursor } from '#shared/results-table/cursor.ts';
import { describeFailures, type Failure } from './describe-failure.ts';
import type { Bounds, HttpDeps } from './on-demand.ts';
import type { ParkedObject } from './parked-objects.ts';
import { orUnavailable } from './problems.ts';

/** Most objects that are looked through for a page's begin: a list of them takes a second or so. */
const MOST_LISTED = 10_000;
/** Most objects, and bytes of objects, that are read for one page. */
const MOST_READ = 500;
const MOST_READ_BYTES = 32 * 1024 * 1024;
/** Objects that are read at a time. */
const AT_ONCE = 20;

/**
 * A page of what lies in the failures bucket, newest first. Where few objects are what is asked for, a page ends after it
 * has read so many, with a cursor.
 *
 * @throws {ValidationError} for a cursor that was not given out, {HttpError} 503 where bucket or table are ill
 */
export async function readFailures(
  { reason, id, limit, cursor }: z.output<typeof failuresQuerySchema>,
  deps: HttpDeps,
  { signal }: Bounds,
): Promise<FailuresAnswer> {
  const hidden = deps.options.redaction !== undefined;
  if (hidden && id !== undefined) {
    throw new ValidationError('id', 'id cannot be looked for where personal data is hidden');
  }
  const list = { failures: `${reason ?? ''} ${id ?? ''}` };
  const before = cursor === undefined ? undefined : decodeCursor(cursor, list);
  const isWanted = (failure: Failure): boolean =>
    (reason === undefined || failure.reason === reason) && (id === undefined || failure.id === id);

  return orUnavailable(
    'The failures bucket cannot be read',
    { log: deps.log, signal },
    async () => {
      const { objects, isAll } = await deps.failures.list(MOST_LISTED, signal);
      const due = objects
        .filter((object) => before === undefined || placeOf(object) < before)
        .sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1));
      const { found, read } = await search(due, limit, isWanted, deps, signal);
      const last = due[read - 1];
      const failures = await Promise.all(
        found.map(async (failure) => {
          const redrivenAt = await deps.failures.redrivenAt(failure.key, signal);
          return { ...failure, ...(redrivenAt !== undefined && { redrivenAt }) };
        }),
      );
      return {
        hidden,
        failures,
        ...(!isAll && { incomplete: true }),
        ...(last && read < due.length && { cursor: encodeCursor(list, placeOf(last)) }),
      };
    },
  );
}

/** The first of these that are wanted, and how many had to be read for it. */
async function search(
  due: readonly ParkedObject[],
  limit: number,
  isWanted: (failure: Failure) => boolean,
  deps: HttpDeps,
  signal: AbortSignal,
): Promise<{ found: Failure[]; read: number }> {
  const found: Failure[] = [];
  let read = 0;
  let bytes = 0;
  while (read < Math.min(due.length, MOST_READ) && bytes < MOST_READ_BYTES) {
    const group = due.slice(read, read + AT_ONCE);
    for (const failure of await describeFailures(group, deps, signal)) {
      read += 1;
      bytes += failure.size;
      if (isWanted(failure)) found.push(failure);
      if (found.length === limit) return { found, read };
    }
  }
  return { found, read };
}

/** Where an object stands among the others: by its time, and by its key where two were written at once. */
const placeOf = ({ parkedAt, key }: ParkedObject): string => `${parkedAt}#${key}`;
