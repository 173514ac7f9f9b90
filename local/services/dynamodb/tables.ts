import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type KeyValueStore, type StoreOperation, startingWith } from '../key-value-store.ts';
import {
  type Operation,
  operation,
  parseInput,
  ServiceError,
  validationException,
} from '../operations.ts';
import { checkInput } from './dynalite.ts';
import type { Context } from './items.ts';
import { keys, REGION, tableOf } from './store.ts';
import { VIEW_TYPES } from './stream-records.ts';

/** A table as it was asked for. */
interface TableInput {
  TableName: string;
  KeySchema: { AttributeName: string; KeyType: string }[];
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

/** CreateTable; the table and its stream come to be in one write, and are active at once. */
const createTable: Operation<Context> = async (context, input) => {
  const { db, queue, streams, inTurn } = context;
  const { StreamSpecification: specification } = parseInput(createSchema, input);
  const asked = checkInput('CreateTable', input) as unknown as TableInput;
  const key = keys.table(asked.TableName);
  return inTurn(key, async () => {
    if ((await db.get(key)) !== undefined) {
      throw new ServiceError('ResourceInUseException', `Table already exists: ${asked.TableName}`);
    }
    // A write that had its table in hand before the table of this name was deleted may have landed since.
    await clearTable(db, asked.TableName);
    const table = newTable(asked, context.now());
    const operations: StoreOperation[] = [{ type: 'put', key, value: table }];
    if (specification?.StreamEnabled) {
      const opened = streams.open(table, specification.StreamViewType);
      Object.assign(table, {
        StreamSpecification: specification,
        LatestStreamArn: opened.stream.arn,
        LatestStreamLabel: opened.stream.label,
      });
      operations.push(...opened.operations);
    }
    await queue.commit(operations);
    return { TableDescription: { ...table, TableStatus: 'CREATING' } };
  });
};

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

/** DeleteTable; the stream ends with it and stays readable until its records are trimmed. */
const deleteTable: Operation<Context> = async (context, input) => {
  const { db, queue, streams, inTurn } = context;
  const name = nameIn('DeleteTable', input);
  return inTurn(keys.table(name), async () => {
    const table = await tableOf(context.db, name);
    await queue.commit([
      { type: 'del', key: keys.table(name) },
      { type: 'del', key: keys.timeToLive(name) },
      ...streams.disable(name),
    ]);
    await clearTable(db, name);
    return { TableDescription: { ...table, TableStatus: 'DELETING' } };
  });
};

/** Removes every item and index entry of a table. */
async function clearTable(db: KeyValueStore, name: string): Promise<void> {
  const prefixes = [keys.item(name), `index-local~${name}~`, `index-global~${name}~`];
  await Promise.all(prefixes.map((prefix) => db.clear(startingWith(prefix))));
}

const nameIn = (operationName: string, input: unknown) =>
  String(checkInput(operationName, input).TableName);

const describeTable: Operation<Context> = async (context, input) => ({
  Table: await tableOf(context.db, nameIn('DescribeTable', input)),
});

const listTables: Operation<Context> = async ({ db }, input) => {
  const { Limit = 100, ExclusiveStartTableName: start = '' } = checkInput('ListTables', input);
  const limit = Number(Limit);
  const names: string[] = [];
  const range = { gt: keys.table(String(start)), lt: startingWith(keys.table()).lt };
  for await (const [key] of db.iterator({ ...range, limit: limit + 1 })) {
    names.push(key.slice(keys.table().length));
  }
  const TableNames = names.slice(0, limit);
  return { TableNames, ...(names.length > limit && { LastEvaluatedTableName: TableNames.at(-1) }) };
};

const describeTimeToLive: Operation<Context> = async (context, input) => {
  const attribute = await timeToLiveOf(context, nameIn('DescribeTimeToLive', input));
  return {
    TimeToLiveDescription: {
      TimeToLiveStatus: attribute === undefined ? 'DISABLED' : 'ENABLED',
      AttributeName: attribute,
    },
  };
};

/** UpdateTimeToLive; takes effect at once. */
const updateTimeToLive = operation(
  z.object({
    TableName: z.string(),
    TimeToLiveSpecification: z.object({
      AttributeName: z.string().min(1).max(255),
      Enabled: z.boolean(),
    }),
  }),
  async (context: Context, { TableName, TimeToLiveSpecification: wanted }) => {
    const current = await timeToLiveOf(context, TableName);
    if (wanted.Enabled === (current !== undefined)) {
      throw validationException(`TimeToLive is already ${wanted.Enabled ? 'enabled' : 'disabled'}`);
    }
    if (current !== undefined && current !== wanted.AttributeName) {
      throw validationException(`TimeToLive is active on a different AttributeName: ${current}`);
    }
    const key = keys.timeToLive(TableName);
    await context.queue.commit([
      wanted.Enabled ? { type: 'put', key, value: wanted.AttributeName } : { type: 'del', key },
    ]);
    return { TimeToLiveSpecification: wanted };
  },
);

/** The attribute that holds the expiry of a table's items, where one is set. */
async function timeToLiveOf(context: Context, name: string): Promise<string | undefined> {
  await tableOf(context.db, name);
  return (await context.db.get(keys.timeToLive(name))) as string | undefined;
}

/** Operations on tables. */
export const tableOperations: [string, Operation<Context>][] = [
  ['CreateTable', createTable],
  ['DeleteTable', deleteTable],
  ['DescribeTable', describeTable],
  ['DescribeTimeToLive', describeTimeToLive],
  ['ListTables', listTables],
  ['UpdateTimeToLive', updateTimeToLive],
];
