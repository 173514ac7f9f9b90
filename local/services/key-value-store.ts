import { mkdir } from 'node:fs/promises';
import { Level } from 'level';
import { MemoryLevel } from 'memory-level';
import { ConfigurationError, messageOf } from '#shared/errors.ts';

/** One put or delete of a store. */
export type StoreOperation =
  | { type: 'put'; key: string; value: unknown }
  | { type: 'del'; key: string };

/** A range of keys in key order. */
export interface KeyRange {
  gt?: string;
  gte?: string;
  lt?: string;
  lte?: string;
  limit?: number;
  reverse?: boolean;
}

/** Keys in order, JSON values; a batch is there whole or not at all. */
export interface KeyValueStore {
  open(): Promise<void>;
  close(): Promise<void>;
  get(key: string): Promise<unknown>;
  batch(operations: readonly StoreOperation[]): Promise<void>;
  clear(range: KeyRange): Promise<void>;
  iterator(range: KeyRange): AsyncIterable<[string, unknown]>;
}

/** A store in a folder, or in memory. */
export function createStore(directory: string | undefined): KeyValueStore {
  const options = { valueEncoding: 'json' } as const;
  const store =
    directory === undefined
      ? new MemoryLevel<string, unknown>(options)
      : new Level<string, unknown>(directory, options);
  return store as KeyValueStore;
}

/**
 * Opens a store, making its folder.
 *
 * @throws {ConfigurationError} where the folder is in use or holds something else
 */
export async function openStore(store: KeyValueStore, directory: string | undefined) {
  if (directory !== undefined) await mkdir(directory, { recursive: true });
  try {
    await store.open();
  } catch (error) {
    const reason = messageOf((error as Error).cause ?? error);
    throw new ConfigurationError(`cannot open the data in ${directory}: ${reason}`, {
      cause: error,
    });
  }
}

/** The range of all keys that start so; every key is ASCII. */
export function startingWith(prefix: string) {
  return { gte: prefix, lt: `${prefix}\u007f` };
}

/** Writes to the store in the order of asking, as many at once as have gathered; each is there whole or not at all. */
export interface CommitQueue {
  /** Adds one indivisible write; the promise is kept once it would survive the end of this process. */
  commit(operations: readonly StoreOperation[]): Promise<void>;
  /** Kept once everything asked for so far is written. */
  settled(): Promise<void>;
}

/** A queue over a store; many small writes of a moment become one batch of the store, which is atomic. */
export function createCommitQueue(store: Pick<KeyValueStore, 'batch'>): CommitQueue {
  let gathered: StoreOperation[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();

  const commit = (operations: readonly StoreOperation[]) => {
    gathered.push(...operations);
    next ??= writeAfter(current);
    return next;
  };
  const writeAfter = (before: Promise<void>) => {
    const written = before.then(
      () => new Promise<void>((resolve, reject) => setImmediate(() => flush(resolve, reject))),
    );
    const flush = (resolve: () => void, reject: (error: unknown) => void) => {
      const batch = gathered;
      gathered = [];
      next = undefined;
      current = written.catch(() => undefined);
      store.batch(batch).then(resolve, reject);
    };
    return written;
  };
  const settled = async () => {
    await next?.catch(() => undefined);
    await current;
  };
  return { commit, settled };
}
