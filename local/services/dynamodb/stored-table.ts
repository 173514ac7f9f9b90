import type { KeyValueStore } from '../key-value-store.ts';
import { resourceNotFound } from '../operations.ts';

/** A table's description, as it is kept and answered. */
export interface TableDescription {
  TableName: string;
  TableArn: string;
  TableStatus?: string;
  KeySchema: { AttributeName: string; KeyType: string }[];
}

/** Keys of the store: the first three as dynalite has them, those of our own start with `spanstream-`. */
export const keys = {
  table: (table = '') => `table~${table}`,
  item: (table: string) => `item-${table}~`,
  index: (type: string, table: string) => `index-${type.toLowerCase()}~${table}~`,
  timeToLive: (table = '') => `spanstream-ttl~${table}`,
  stream: (arn = '') => `spanstream-stream~${arn}`,
  record: (arn: string, shardId: string) => `spanstream-record~${arn}~${shardId}~`,
};

/**
 * The description of a table.
 *
 * @throws {ServiceError} where there is none of that name
 */
export function tableOf(store: KeyValueStore, name: string): TableDescription {
  const table = store.getSync(keys.table(name));
  // Folders of earlier versions may hold tables in other states, whose timers died with their process.
  if (table !== undefined) return { ...(table as TableDescription), TableStatus: 'ACTIVE' };
  throw resourceNotFound(`Requested resource not found: Table: ${name} not found`);
}
