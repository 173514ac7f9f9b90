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
  const cursor = older ? older.cursor : newest?.cursor;
  const known = new Set(newest?.failures.map((failure) => failure.key));
  const failures = [
    ...(newest?.failures ?? []),
    ...(older?.failures.filter((failure) => !known.has(failure.key)) ?? []),
  ];
  const readOlder = async () => {
    const { signal } = leaving.current;
    const before = older?.failures ?? [];
    try {
      const page = await readFailures({ ...filters, cursor }, signal);
      setOlder({ failures: [...before, ...page.failures], cursor: page.cursor });
    } catch (error) {
      if (!signal.aborted) setOlder({ failures: before, cursor, error });
    }
  };
  return { polled, failures, hasOlder: cursor !== undefined, readOlder, olderError: older?.error };
}
