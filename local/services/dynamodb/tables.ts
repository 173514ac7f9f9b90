import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { entry, type KeyValueStore, startingWith, valuesOf } from '../key-value-store.ts';
import { REGION } from '../local-service.ts';
import { pageOf, parseInput, ServiceError } from '../operations.ts';
import { checkInput } from './dynalite.ts';
import type { DynamoDbContext } from './items.ts';
import { keys, type TableDescription, tableOf } from './stored-table.ts';
import { VIEW_TYPES } from './stream-records.ts';

/** A table as it was asked for. */
interface TableInput extends Pick<TableDescription, 'TableName' | 'KeySchema'> {
  BillingMode?: string;
  LocalSecondaryIndexes?: { IndexName: string }[];
  GlobalSecondaryIndexes?: { IndexName: string }[];
}

const createSchema = z.object({
  StreamSpecification: z
    .discriminatedUnion('StreamEnabled', [
      z.object({ StreamEnabled: z.literal(true), StreamViewType: z.enum(VIEW_TYPES) }),
      z.object({ StreamEnabled: z.literal(false) }),
    ])
    .nullish(),
});

function newTable({ BillingMode, ...asked }: TableInput, now: number) {
  const TableArn = `arn:aws:dynamodb:${REGION}:000000000000:table/${asked.TableName}`;
  const described = (index: { IndexName: string }) => ({
    ...index,
    IndexArn: `${TableArn}/index/${index.IndexName}`,
    IndexStatus: 'ACTIVE',
    IndexSizeBytes: 0,
    ItemCount: 0,
  });
  const { LocalSecondaryIndexes: local, GlobalSecondaryIndexes: global } = asked;
  return {
    ...asked,
    ...(local && { LocalSecondaryIndexes: local.map(described) }),
    ...(global && { GlobalSecondaryIndexes: global.map(described) }),
    ...(BillingMode && { BillingModeSummary: { BillingMode } }),
    TableArn,
    TableId: randomUUID(),
    CreationDateTime: now / 1_000,
    ItemCount: 0,
    TableSizeBytes: 0,
  };
}

/** Removes every item and index entry of a table. */
async function clearTable(store: KeyValueStore, name: string): Promise<void> {
  const prefixes = [keys.item(name), keys.index('local', name), keys.index('global', name)];
  await Promise.all(prefixes.map((prefix) => store.clear(startingWith(prefix))));
}

const nameIn = (operation: string, input: unknown) =>
  String(checkInput(operation, input).TableName);

/** Operations on tables. */
export const tableOperations = {
  /** The table and its stream come to be in one write, and are active at once. */
  CreateTable: async ({ store, streams, alone, now }: DynamoDbContext, input: unknown) => {
    const { StreamSpecification } = parseInput(createSchema, input);
    const asked = checkInput('CreateTable', input) as unknown as TableInput;
    const key = keys.table(asked.TableName);
    return alone(async () => {
      if (store.getSync(key) !== undefined) {
        throw new ServiceError(
          'ResourceInUseException',
          `Table already exists: ${asked.TableName}`,
        );
      }
      // A process that ended while it deleted a table of this name may have left some of it.
      await clearTable(store, asked.TableName);
      const table = newTable(asked, now());
      const operations = [entry(key, table)];
      if (StreamSpecification?.StreamEnabled) {
        const { stream, operation } = streams.open(table, StreamSpecification.StreamViewType);
        const { arn: LatestStreamArn, label: LatestStreamLabel } = stream;
        Object.assign(table, { StreamSpecification, LatestStreamArn, LatestStreamLabel });
        operations.push(operation);
      }
      await store.commit(operations);
      return { TableDescription: { ...table, TableStatus: 'CREATING' } };
    });
  },
  /** The stream ends with the table and stays readable until its records are trimmed. */
  DeleteTable: async ({ store, streams, alone }: DynamoDbContext, input: unknown) => {
    const name = nameIn('DeleteTable', input);
    return alone(async () => {
      const table = tableOf(store, name);
      await store.commit([
        entry(keys.table(name), undefined),
        entry(keys.timeToLive(name), undefined),
        ...streams.disable(name),
      ]);
      await clearTable(store, name);
      return { TableDescription: { ...table, TableStatus: 'DELETING' } };
    });
  },
  DescribeTable: async ({ store }: DynamoDbContext, input: unknown) => ({
    Table: tableOf(store, nameIn('DescribeTable', input)),
  }),
  ListTables: async ({ store }: DynamoDbContext, input: unknown) => {
    const { Limit, ExclusiveStartTableName: after = '' } = checkInput('ListTables', input);
    const tables = await valuesOf<TableDescription>(store, keys.table());
    const names = tables.map(({ TableName }) => TableName);
    const { page, last } = pageOf(names, (name) => name, String(after), Number(Limit ?? 100));
    return { TableNames: page, LastEvaluatedTableName: last };
  },
};
