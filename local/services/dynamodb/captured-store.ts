import type { CommitQueue } from './commit-queue.ts';
import type { Callback, DynaliteStore, StoreOperation, SubStore, WireItem } from './dynalite.ts';
import { keys } from './keys.ts';
import type { Streams } from './streams/streams.ts';

/** What writes go through. */
export interface CaptureDeps {
  store: DynaliteStore;
  queue: CommitQueue;
  streams: Streams;
}

/**
 * The store as one request sees it: a put or delete of an item, its index entries and its stream record become a
 * single indivisible write, made under the lock that dynalite holds on the item, and acknowledged when it is down.
 */
export function captureStore(deps: CaptureDeps, principal?: string) {
  const { store, queue, streams } = deps;
  const seen = new Map<string, WireItem | undefined>();
  let indexWrites: StoreOperation[] = [];

  const write = (table: string, key: string, after: WireItem | undefined, callback: Callback) => {
    const itemKey = keys.item(table, key);
    const item: StoreOperation =
      after === undefined
        ? { type: 'del', key: itemKey }
        : { type: 'put', key: itemKey, value: after };
    const change = { before: seen.get(itemKey), after, ...(principal && { principal }) };
    const operations = [...indexWrites, item, ...streams.append(table, change)];
    indexWrites = [];
    queue.commit(operations).then(
      () => setImmediate(callback),
      (error: unknown) => setImmediate(callback, error),
    );
  };

  const itemStore = (table: string): SubStore => {
    const base = store.getItemDb(table);
    return extend(base, {
      get: (key, callback) =>
        base.get(key, (error, value) => {
          seen.set(keys.item(table, key), value as WireItem | undefined);
          callback(error, value);
        }),
      put: (key, value, callback) => write(table, key, value as WireItem, callback),
      del: (key, callback) => write(table, key, undefined, callback),
    });
  };

  const indexStore = (type: string, table: string, index: string): SubStore =>
    extend(store.getIndexDb(type, table, index), {
      put: (key, value, callback) => {
        indexWrites.push({ type: 'put', key: keys.index(type, table, index, key), value });
        callback();
      },
      del: (key, callback) => {
        indexWrites.push({ type: 'del', key: keys.index(type, table, index, key) });
        callback();
      },
    });

  return {
    store: extend(store, { getItemDb: itemStore, getIndexDb: indexStore }),
    /** The item of a table's key as it was when the request took its lock. */
    itemBefore: (table: string, key: string) => seen.get(keys.item(table, key)),
  };
}

/** A view of an object with some members replaced; the rest is its own. */
export function extend<T extends object>(base: T, members: Partial<T>): T {
  return Object.assign(Object.create(base) as T, members);
}
