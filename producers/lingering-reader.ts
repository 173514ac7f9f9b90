import { setTimeout as delay } from 'node:timers/promises';

const waited = Symbol('waited');

/** Reads items one by one; `later` means that none came within the time given, and nothing is lost by it. */
export interface LingeringReader<T> {
  /** @param milliseconds how long to wait for the next item; for ever where left out */
  next(milliseconds?: number): Promise<{ item: T } | 'later' | 'end'>;
  /** Reads no further and lets the input close. */
  stop(): void;
}

/** Reads an iterable of either kind without ever losing an item to a wait that ran out. */
export function createLingeringReader<T>(
  items: Iterable<T> | AsyncIterable<T>,
  signal?: AbortSignal,
): LingeringReader<T> {
  const iterator: Iterator<T> | AsyncIterator<T> =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const aborted = new Promise<'end'>((resolve) => {
    if (signal?.aborted) resolve('end');
    else signal?.addEventListener('abort', () => resolve('end'), { once: true });
  });
  let pending: Promise<IteratorResult<T>> | undefined;
  let ended = false;
  return {
    async next(milliseconds) {
      if (ended || signal?.aborted) return 'end';
      pending ??= Promise.resolve(iterator.next());
      const timer = new AbortController();
      const first = await Promise.race([
        pending,
        aborted,
        ...(milliseconds === undefined
          ? []
          : [delay(milliseconds, waited, { signal: timer.signal }).catch(() => waited)]),
      ]).finally(() => timer.abort());
      if (first === 'end') return 'end';
      if (typeof first === 'symbol') return 'later';
      pending = undefined;
      ended = first.done === true;
      return first.done ? 'end' : { item: first.value };
    },
    stop() {
      if (ended) return;
      ended = true;
      // An input that hangs in a read must not hold up its reader.
      pending?.catch(() => undefined);
      Promise.resolve(iterator.return?.()).catch(() => undefined);
    },
  };
}
