/** What a read gives: `later` means that nothing came within the time given, and nothing is lost by it. */
export type Read<T> = { readonly item: T } | 'later' | 'end';

/** Reads an iterable of either kind item by item, waits no longer than it is told, and loses none to a wait that ran out. */
export function createLingeringReader<T>(items: Iterable<T> | AsyncIterable<T>) {
  const isAsync = Symbol.asyncIterator in items;
  const iterator: Iterator<T> | AsyncIterator<T> = isAsync
    ? items[Symbol.asyncIterator]()
    : items[Symbol.iterator]();
  let pending: Promise<IteratorResult<T>> | undefined;
  let ended = false;
  // One for all waits: a promise that every wait raced with would keep every item until it settles.
  let wakeUp: (() => void) | undefined;

  function firstOf(read: Promise<IteratorResult<T>> | undefined, milliseconds?: number) {
    let timer: NodeJS.Timeout | undefined;
    return new Promise<IteratorResult<T> | 'later'>((resolve, reject) => {
      wakeUp = () => resolve('later');
      if (milliseconds !== undefined) timer = setTimeout(wakeUp, milliseconds);
      read?.then(resolve, reject);
    }).finally(() => {
      clearTimeout(timer);
      wakeUp = undefined;
    });
  }
  function take(result: IteratorResult<T>): Read<T> {
    ended = result.done === true;
    return result.done ? 'end' : { item: result.value };
  }
  async function nextInTime(milliseconds?: number): Promise<Read<T>> {
    pending ??= Promise.resolve(iterator.next());
    const first = await firstOf(pending, milliseconds);
    if (first === 'later') return first;
    pending = undefined;
    return take(first);
  }
  return {
    /**
     * The next item; of an input that is no asynchronous one it comes at once, without a turn of the event loop.
     *
     * @param milliseconds how long to wait for it; until woken where left out
     */
    next(milliseconds?: number): Read<T> | Promise<Read<T>> {
      if (ended) return 'end';
      return isAsync ? nextInTime(milliseconds) : take((iterator as Iterator<T>).next());
    },
    /** Waits for nothing but to be woken, or for so many milliseconds. */
    wait: (milliseconds?: number): Promise<unknown> => firstOf(undefined, milliseconds),
    /** Ends a wait under way with `later`. */
    wake: () => wakeUp?.(),
    /** Reads no further and lets the input close. */
    stop(): void {
      if (ended) return;
      ended = true;
      // An input that hangs in a read must not hold up its reader.
      pending?.catch(() => undefined);
      Promise.resolve(iterator.return?.()).catch(() => undefined);
    },
  };
}
