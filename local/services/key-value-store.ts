import { setImmediate, setTimeout } from 'node:timers/promises';
import { type IteratorOptions, Level } from 'level';
import { MemoryLevel } from 'memory-level';
import { ConfigurationError, messageOf } from '#shared/errors.ts';

const REOPEN_PAUSE_MS = 250;

/** One put or delete of a store. */
export type StoreOperation =
  | { type: 'put'; key: string; value: unknown }
  | { type: 'del'; key: string };

/** Keys from one to another, in order or backwards. */
export type KeyRange = Pick<
  IteratorOptions<string, unknown>,
  'gt' | 'gte' | 'lt' | 'lte' | 'limit' | 'reverse'
>;

/** Keys in order, JSON values; a batch is there whole or not at all. `getSync` sees what is asked to be written, too. */
export type KeyValueStore = Pick<
  Level<string, unknown>,
  'get' | 'getSync' | 'batch' | 'clear' | 'iterator' | 'close'
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
  const opened = keepOpen(level);
  const queue = createCommitQueue(level, opened.failed);
  const getWritten = level.getSync.bind(level);
  return Object.assign(level, queue, {
    close: () => queue.settled().then(opened.close),
    getSync: (key: string) => {
      const asked = queue.askedOf(key);
      return asked === undefined ? getWritten(key) : asked.type === 'put' ? asked.value : undefined;
    },
  });
}

/**
 * Keeps a store open until it is closed: one that could not write, such as for want of open files, writes nothing more until it
 * is opened again.
 */
function keepOpen(level: Level<string, unknown>) {
  const close = level.close.bind(level);
  let isWanted = true;
  let reopening: Promise<void> | undefined;
  async function reopen(): Promise<void> {
    await close();
    while (isWanted && level.status !== 'open') {
      await level.open().catch(() => setTimeout(REOPEN_PAUSE_MS));
    }
    reopening = undefined;
  }
  return {
    /** To be told of every write that failed. */
    failed(error: unknown): void {
      if (isWanted && Reflect.get(Object(error), 'code') === 'LEVEL_IO_ERROR') {
        reopening ??= reopen();
      }
    },
    async close(): Promise<void> {
      isWanted = false;
      await reopening;
      await close();
    },
  };
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
  /** What was last asked for at a key, until it is written. */
  askedOf(key: string): StoreOperation | undefined;
}

/** A queue over a store; many small writes of a moment become one batch of the store, which is atomic. */
export function createCommitQueue(
  store: Pick<Level<string, unknown>, 'batch'>,
  failed: (error: unknown) => void = () => undefined,
): CommitQueue {
  const asked = new Map<string, StoreOperation>();
  let gathered: StoreOperation[] = [];
  let next: Promise<void> | undefined;
  let settled: Promise<void> = Promise.resolve();

  const writeAfter = async (before: Promise<void>) => {
    await before;
    await setImmediate();
    const batch = gathered;
    gathered = [];
    next = undefined;
    try {
      await store.batch(batch);
    } catch (error) {
      failed(error);
      throw error;
    } finally {
      for (const one of batch) if (asked.get(one.key) === one) asked.delete(one.key);
    }
  };
  return {
    commit: (operations) => {
      for (const one of operations) {
        gathered.push(one);
        asked.set(one.key, one);
      }
      if (next === undefined) {
        next = writeAfter(settled);
        settled = next.catch(() => undefined);
      }
      return next;
    },
    settled: () => settled,
    askedOf: (key) => asked.get(key),
  };
}
