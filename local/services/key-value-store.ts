import { setImmediate } from 'node:timers/promises';
import { type IteratorOptions, Level } from 'level';
import { MemoryLevel } from 'memory-level';
import { ConfigurationError, messageOf } from '#shared/errors.ts';

/** One put or delete of a store. */
export type StoreOperation =
  | { type: 'put'; key: string; value: unknown }
  | { type: 'del'; key: string };

/** Keys from one to another, in order or backwards. */
export type KeyRange = Pick<
  IteratorOptions<string, unknown>,
  'gt' | 'gte' | 'lt' | 'lte' | 'limit' | 'reverse'
>;

/** Keys in order, JSON values; a batch is there whole or not at all. */
export type KeyValueStore = Pick<
  Level<string, unknown>,
  'get' | 'batch' | 'clear' | 'iterator' | 'close'
> &
  CommitQueue;

/**
 * Opens the store of a folder, or one in memory.
 *
 * @throws {ConfigurationError} where the folder is in use or holds something else
 */
export async function openStore(directory: string | undefined): Promise<KeyValueStore> {
  const options = { valueEncoding: 'json' } as const;
  const level =
    directory === undefined
      ? (new MemoryLevel(options) as unknown as Level<string, unknown>)
      : new Level<string, unknown>(directory, options);
  try {
    await level.open();
  } catch (error) {
    const reason = messageOf((error as Error).cause ?? error);
    throw new ConfigurationError(`cannot open the data in ${directory}: ${reason}`, {
      cause: error,
    });
  }
  const queue = createCommitQueue(level);
  const close = level.close.bind(level);
  return Object.assign(level, queue, { close: () => queue.settled().then(close) });
}

/** The range of all keys that start so; every key is ASCII. */
export function startingWith(prefix: string) {
  return { gte: prefix, lt: `${prefix}\u007f` };
}

/** Writes to a store, in the order of asking. */
export interface CommitQueue {
  /** Adds one indivisible write; the promise is kept once it would survive the end of this process. */
  commit(operations: readonly StoreOperation[]): Promise<void>;
  /** Kept once everything asked for so far is written. */
  settled(): Promise<void>;
}

/** A queue over a store; many small writes of a moment become one batch of the store, which is atomic. */
export function createCommitQueue(store: Pick<Level<string, unknown>, 'batch'>): CommitQueue {
  let gathered: StoreOperation[] = [];
  let next: Promise<void> | undefined;
  let settled: Promise<void> = Promise.resolve();

  const writeAfter = async (before: Promise<void>) => {
    await before;
    await setImmediate();
    const batch = gathered;
    gathered = [];
    next = undefined;
    await store.batch(batch);
  };
  return {
    commit: (operations) => {
      for (const operation of operations) gathered.push(operation);
      if (next === undefined) {
        next = writeAfter(settled);
        settled = next.catch(() => undefined);
      }
      return next;
    },
    settled: () => settled,
  };
}
