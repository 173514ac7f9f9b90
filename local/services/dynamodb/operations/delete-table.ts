import { extend } from '../captured-store.ts';
import type { Context, Operation } from '../context.ts';
import type { Callback, DynaliteStore } from '../dynalite.ts';
import { runAction, validateInput } from '../dynalite.ts';
import { keys, startingWith } from '../keys.ts';

/** DeleteTable; the stream ends with it and stays readable until its records are trimmed. */
export const deleteTable: Operation = async (context, input) => {
  const data = validateInput(context.store, 'DeleteTable', input);
  return runAction(deletingStore(context), 'DeleteTable', data);
};

/** Removes every item, index entry and tag of a table. */
export async function clearTable(store: DynaliteStore, table: string): Promise<void> {
  const prefixes = [
    keys.item(table),
    `index-local~${table}~`,
    `index-global~${table}~`,
    `tag-${table}~`,
  ];
  await Promise.all(prefixes.map((prefix) => store.db.clear(startingWith(prefix))));
}

function deletingStore({ store, queue, streams }: Context): DynaliteStore {
  const done = (callback: Callback) => setImmediate(callback);
  const tableDb = extend(store.tableDb, {
    put: (key, value, callback) => {
      queue
        .commit([
          { type: 'put', key: keys.table(key), value },
          { type: 'del', key: keys.timeToLive(key) },
          ...streams.disable(key),
        ])
        .then(() => clearTable(store, key))
        .then(() => callback(), callback);
    },
    del: (key, callback) => {
      // A write that had its table in hand before the deletion began may have landed meanwhile.
      clearTable(store, key).then(() => store.tableDb.del(key, callback), callback);
    },
  });
  return extend(store, {
    tableDb,
    deleteItemDb: (_table, callback) => done(callback),
    deleteIndexDb: (_type, _table, _index, callback) => done(callback),
    deleteTagDb: (_table, callback) => done(callback),
  });
}
