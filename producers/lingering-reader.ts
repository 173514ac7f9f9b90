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
  let pending: Promise<IteratorResult<T>> | undefined;
  let ended = false;
  // One listener for all waits: a promise that every wait raced with would keep every item until it settles.
  let onAbort: (() => void) | undefined;
  signal?.addEventListener('abort', () => onAbort?.(), { once: true });

  const firstOf = (read: Promise<IteratorResult<T>>, milliseconds: number | undefined) => {
    let timer: NodeJS.Timeout | undefined;
    return new Promise<IteratorResult<T> | 'later' | 'end'>((resolve, reject) => {
      onAbort = () => resolve('end');
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds, 'later');
      read.then(resolve, reject);
    }).finally(() => {
      clearTimeout(timer);
      onAbort = undefined;
    });
  };
  return {
    async next(milliseconds) {
      if (ended || signal?.aborted) return 'end';
      pending ??= Promise.resolve(iterator.next());
      const first = await firstOf(pending, milliseconds);
      if (first === 'end' || first === 'later') return first;
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
