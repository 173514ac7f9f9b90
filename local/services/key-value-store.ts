import { setImmediate, setTimeout } from 'node:timers/promises';
import { type IteratorOptions, Level } from 'level';
import { MemoryLevel } from 'memory-level';
import { ConfigurationError, messageOf } from '#shared/errors.ts';

const REOPEN_PAUSE_MS = 250;

/** One put or delete of a store. */
export type StoreOperation =
  | { type: 'put'; key: string; value: unknown }
  | { type: 'del'; key: string };

/** The operation after which a key has a value, or none. */
export function entry(key: string, value: unknown): StoreOperation {
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
}

/** Keys from one to another, in order or backwards. */
export type KeyRange = Pick<
  IteratorOptions<string, unknown>,
  'gt' | 'gte' | 'lt' | 'lte' | 'limit' | 'reverse'
>;

/** The range of all keys that start so; every key is ASCII. */
export function startingWith(prefix: string) {
  return { gte: prefix, lt: `${prefix}\u007f` };
}

/** Keys in order, JSON values; a batch is there whole or not at all. `getSync` sees what is asked to be written, too. */
export type KeyValueStore = Pick<
  Level<string, unknown>,
  'getSync' | 'clear' | 'iterator' | 'close'
> &
  Omit<ReturnType<typeof createCommitQueue>, 'askedOf'>;

/** Every value whose key starts so, in the order of the keys. */
export async function valuesOf<T>(store: KeyValueStore, prefix: string): Promise<T[]> {
  const entries = await store.iterator(startingWith(prefix)).all();
  return entries.map(([, value]) => value as T);
}

/**
 * Opens the store of a folder, or one in memory. One that could not write, such as for want of open files, writes nothing
 * more until it is opened again; so it is, until it is closed.
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
  } catch (cause) {
    const reason = messageOf((cause as Error).cause ?? cause);
    throw new ConfigurationError(`cannot open the data in ${directory}: ${reason}`, { cause });
  }
  const close = level.close.bind(level);
  const getWritten = level.getSync.bind(level);
  let isWanted = true;
  let reopening: Promise<void> | undefined;
  const reopen = async () => {
    await close();
    while (isWanted && level.status !== 'open') {
      await level.open().catch(() => setTimeout(REOPEN_PAUSE_MS));
    }
    reopening = undefined;
  };
  const { askedOf, ...queue } = createCommitQueue(level, (error) => {
    if (isWanted && Reflect.get(Object(error), 'code') === 'LEVEL_IO_ERROR') reopening ??= reopen();
  });
  return Object.assign(level, queue, {
    close: async () => {
      await queue.settled();
      isWanted = false;
      await reopening;
      await close();
    },
    getSync: (key: string) => {
      const asked = askedOf(key);
      return asked === undefined ? getWritten(key) : asked.type === 'put' ? asked.value : undefined;
    },
  });
}

/** Writes to a store, in the order of asking; many small ones of a moment become one batch of the store, which is atomic. */
export function createCommitQueue(
  store: Pick<Level<string, unknown>, 'batch'>,
  failed: (error: unknown) => void = () => undefined,
) {
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
    /** Adds one indivisible write; the promise is kept once it would survive the end of this process. */
    commit(operations: readonly StoreOperation[]): Promise<void> {
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
    /** Kept once everything asked for so far is written. */
    settled: () => settled,
    /** What was last asked for at a key, until it is written. */
    askedOf: (key: string) => asked.get(key),
  };
}
