import type { DynaliteStore, StoreOperation, TableRecord } from './dynalite.ts';
import { keys, startingWith } from './keys.ts';
import { clearTable } from './operations/delete-table.ts';

/** Ends what the last process left half-way: its timers that move tables between states died with it. */
export async function recoverTables(store: DynaliteStore): Promise<void> {
  const operations: StoreOperation[] = [];
  for await (const [key, value] of store.db.iterator(startingWith(keys.table('')))) {
    const table = value as TableRecord;
    if (table.TableStatus === 'DELETING') {
      await clearTable(store, table.TableName);
      operations.push({ type: 'del', key });
    } else if (table.TableStatus !== 'ACTIVE') {
      table.TableStatus = 'ACTIVE';
      for (const index of table.GlobalSecondaryIndexes ?? []) index.IndexStatus = 'ACTIVE';
      operations.push({ type: 'put', key, value: table });
    }
  }
  if (operations.length > 0) await store.db.batch(operations);
}
