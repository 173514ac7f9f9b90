import { useEffect, useRef, useState } from 'preact/hooks';
import { readFailures } from '../../api/calls.ts';
import type { Failure } from '../../api/contract.ts';
import { usePolled } from '../../api/use-polled.ts';

/** Older pages, as far as they were asked for. */
interface Older {
  readonly failures: readonly Failure[];
  readonly cursor?: string | undefined;
  readonly error?: unknown;
}

/** What is parked: the newest page, asked for again and again, and older ones as they are wanted. */
export function useFailures(filters: { reason: string; id: string }, everyMs: number) {
  const key = `${filters.reason} ${filters.id}`;
  const polled = usePolled(key, (signal) => readFailures(filters, signal), everyMs);
  const [older, setOlder] = useState<Older>();
  const leaving = useRef(new AbortController());
  useEffect(() => {
    leaving.current = new AbortController();
    setOlder(undefined);
    return () => leaving.current.abort();
  }, [key]);

  const newest = polled.value;
  const before = useRef<readonly Failure[]>([]);
  useEffect(() => {
    if (!newest) return;
    const was = before.current;
    before.current = newest.failures;
    setOlder((known) => known && olderAfter(known, was, newest.failures));
  }, [newest]);
  const cursor = older ? older.cursor : newest?.cursor;
  const failures = withoutTwins([...(newest?.failures ?? []), ...(older?.failures ?? [])]);
  const readOlder = async () => {
    const { signal } = leaving.current;
    setOlder((known) => ({ failures: known?.failures ?? [], cursor }));
    try {
      const page = await readFailures({ ...filters, cursor }, signal);
      setOlder(
        (known) =>
          known && {
            failures: withoutTwins([...known.failures, ...page.failures]),
            cursor: page.cursor,
          },
      );
    } catch (error) {
      if (!signal.aborted) setOlder((known) => known && { ...known, error });
    }
  };
  return { polled, failures, hasOlder: cursor !== undefined, readOlder, olderError: older?.error };
}

/** Of what is there twice the first: it is of the newest page, and says what is so now. */
function withoutTwins(failures: readonly Failure[]): readonly Failure[] {
  const seen = new Set<string>();
  return failures.filter(({ key }) => !seen.has(key) && seen.add(key));
}

/**
 * Older pages, once the newest is another: what it pushed out stands before them. Where the two newest pages do not meet, some
 * are missing between them, so that older ones are asked for anew.
 */
export function olderAfter(
  older: Older,
  before: readonly Failure[],
  newest: readonly Failure[],
): Older | undefined {
  const there = new Set(newest.map(({ key }) => key));
  const last = newest.at(-1);
  if (!last || !before.some(({ key }) => there.has(key))) return undefined;
  const pushedOut = before.filter(
    ({ key, parkedAt }) => !there.has(key) && Date.parse(parkedAt) <= Date.parse(last.parkedAt),
  );
  return { ...older, failures: [...pushedOut, ...older.failures] };
}
