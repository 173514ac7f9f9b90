import type { KeyValueStore } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';

/** The region that ARNs and stream records name. */
export const REGION = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1';

/** A table's description, as it is kept and answered. */
export interface Table {
  TableName: string;
  TableArn: string;
  TableStatus?: string;
  KeySchema: { AttributeName: string; KeyType: string }[];
}

/** Keys of the store: the first three as dynalite has them, those of our own start with `spanstream-`. */
export const keys = {
  table: (table = '') => `table~${table}`,
  item: (table: string) => `item-${table}~`,
  index: (type: string, table: string, index: string) =>
    `index-${type.toLowerCase()}~${table}~${index}~`,
  timeToLive: (table = '') => `spanstream-ttl~${table}`,
  stream: (arn = '') => `spanstream-stream~${arn}`,
  record: (arn: string, shardId: string, sequenceNumber = '') =>
    `spanstream-record~${arn}~${shardId}~${sequenceNumber}`,
  sequence: 'spanstream-sequence',
} as const;

/**
 * The description of a table.
 *
 * @throws {ServiceError} where there is none of that name
 */
export async function tableOf(db: KeyValueStore, name: string): Promise<Table> {
  const table = await db.get(keys.table(name));
  // Folders of earlier versions may hold tables in other states, whose timers died with their process.
  if (table !== undefined) return { ...(table as Table), TableStatus: 'ACTIVE' };
  throw new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Table: ${name} not found`,
  );
}
