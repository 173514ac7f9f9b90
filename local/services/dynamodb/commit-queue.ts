import type { KeyValueStore, StoreOperation } from './dynalite.ts';

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
