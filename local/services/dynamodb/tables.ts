import { z } from 'zod';
import type { StoreOperation } from '../key-value-store.ts';
import { startingWith } from '../key-value-store.ts';
import {
  type Operation,
  operation,
  parseInput,
  ServiceError,
  validationException,
} from '../operations.ts';
import type { Callback, DynaliteStore, TableRecord } from './dynalite.ts';
import { extend, keys, runAction, validateInput } from './dynalite.ts';
import type { Context } from './items.ts';

const tableName = z.string().min(3).max(255);
const streamSpecificationSchema = z
  .discriminatedUnion('StreamEnabled', [
    z.object({
      StreamEnabled: z.literal(true),
      StreamViewType: z.enum(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES']),
    }),
    z.object({ StreamEnabled: z.literal(false), StreamViewType: z.undefined().optional() }),
  ])
  .nullish();
const createSchema = z.object({ StreamSpecification: streamSpecificationSchema });
const updateSchema = z.object({
  TableName: z.string(),
  StreamSpecification: streamSpecificationSchema,
});
type Specification = NonNullable<z.output<typeof streamSpecificationSchema>>;

/** CreateTable; the table and its stream come to be in one write. */
const createTable: Operation<Context> = (context, input) => {
  const { StreamSpecification: specification } = parseInput(createSchema, input);
  const data = validateInput(context.store, 'CreateTable', input);
  if (!specification?.StreamEnabled) return runAction(context.store, 'CreateTable', data);

  const { store, queue, streams } = context;
  let opened = false;
  const tableDb = extend(store.tableDb, {
    put: (key, value, callback) => {
      if (opened) return store.tableDb.put(key, value, callback);
      opened = true;
      const table = value as TableRecord;
      const { stream, operations } = streams.open(table, specification.StreamViewType);
      table.StreamSpecification = specification;
      table.LatestStreamArn = stream.arn;
      table.LatestStreamLabel = stream.label;
      const write = { type: 'put' as const, key: keys.table(key), value: structuredClone(table) };
      queue.commit([write, ...operations]).then(() => callback(), callback);
    },
  });
  return runAction(extend(store, { tableDb }), 'CreateTable', data);
};

/** DeleteTable; the stream ends with it and stays readable until its records are trimmed. */
const deleteTable: Operation<Context> = async (context, input) => {
  const data = validateInput(context.store, 'DeleteTable', input);
  return runAction(deletingStore(context), 'DeleteTable', data);
};

/** Removes every item, index entry and tag of a table. */
async function clearTable(store: DynaliteStore, table: string): Promise<void> {
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

/** UpdateTable; switching the stream on or off is done here, the rest by dynalite. */
const updateTable: Operation<Context> = async (context, input) => {
  const { StreamSpecification: specification, TableName } = parseInput(updateSchema, input);
  const { StreamSpecification: _, ...rest } = input as Record<string, unknown>;
  if (!specification) {
    return runAction(
      context.store,
      'UpdateTable',
      validateInput(context.store, 'UpdateTable', rest),
    );
  }
  const others = Object.keys(rest).filter(
    (name) => !['TableName', 'AttributeDefinitions'].includes(name),
  );
  const data = others.length > 0 ? validateInput(context.store, 'UpdateTable', rest) : undefined;
  const table = await switchStream(context, TableName, specification);
  return data === undefined
    ? { TableDescription: table }
    : runAction(context.store, 'UpdateTable', data);
};

async function switchStream(context: Context, name: string, specification: Specification) {
  const { store, streams, queue } = context;
  const table = (await store.db.get(keys.table(name))) as TableRecord | undefined;
  if (table === undefined) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${name} not found`,
    );
  }
  if (table.TableStatus !== 'ACTIVE') {
    throw new ServiceError('ResourceInUseException', `Table is ${table.TableStatus}: ${name}`);
  }
  if (specification.StreamEnabled === (streams.forTable(name) !== undefined)) {
    throw validationException(
      specification.StreamEnabled
        ? `Table already has an enabled stream: TableName: ${name}`
        : `Table already has a disabled stream: TableName: ${name}`,
    );
  }
  if (specification.StreamEnabled) {
    const { stream, operations } = streams.open(table, specification.StreamViewType);
    table.StreamSpecification = specification;
    table.LatestStreamArn = stream.arn;
    table.LatestStreamLabel = stream.label;
    await queue.commit([{ type: 'put', key: keys.table(name), value: table }, ...operations]);
  } else {
    delete table.StreamSpecification;
    const operations = streams.disable(name);
    await queue.commit([{ type: 'put', key: keys.table(name), value: table }, ...operations]);
  }
  return table;
}

const listTables = operation(
  z.object({
    Limit: z.int().min(1).max(100).nullish(),
    ExclusiveStartTableName: tableName.nullish(),
  }),
  async ({ store }: Context, { Limit, ExclusiveStartTableName: start }) => {
    const limit = Limit ?? 100;
    const names: string[] = [];
    const range = startingWith(keys.table());
    const from = start ? { gt: keys.table(start), lt: range.lt } : range;
    for await (const [key] of store.db.iterator({ ...from, limit: limit + 1 })) {
      names.push(key.slice(keys.table().length));
    }
    const TableNames = names.slice(0, limit);
    const more = names.length > limit;
    return { TableNames, ...(more && { LastEvaluatedTableName: TableNames.at(-1) }) };
  },
);

const describeTimeToLive = operation(
  z.object({ TableName: tableName }),
  async (context: Context, { TableName }) => {
    const attribute = await timeToLiveAttribute(context, TableName);
    return {
      TimeToLiveDescription:
        attribute === undefined
          ? { TimeToLiveStatus: 'DISABLED' }
          : { TimeToLiveStatus: 'ENABLED', AttributeName: attribute },
    };
  },
);

/** UpdateTimeToLive; takes effect at once. */
const updateTimeToLive = operation(
  z.object({
    TableName: tableName,
    TimeToLiveSpecification: z.object({
      AttributeName: z.string().min(1).max(255),
      Enabled: z.boolean(),
    }),
  }),
  async (context: Context, { TableName: table, TimeToLiveSpecification: wanted }) => {
    const current = await timeToLiveAttribute(context, table);
    if (wanted.Enabled && current !== undefined) {
      throw validationException('TimeToLive is already enabled');
    }
    if (!wanted.Enabled && current === undefined) {
      throw validationException('TimeToLive is already disabled');
    }
    if (current !== undefined && current !== wanted.AttributeName) {
      throw validationException(`TimeToLive is active on a different AttributeName: ${current}`);
    }
    const key = keys.timeToLive(table);
    await context.queue.commit([
      wanted.Enabled ? { type: 'put', key, value: wanted.AttributeName } : { type: 'del', key },
    ]);
    return { TimeToLiveSpecification: wanted };
  },
);

/** The attribute that holds the expiry of a table's items, where one is set. */
async function timeToLiveAttribute(context: Context, table: string): Promise<string | undefined> {
  if ((await context.store.db.get(keys.table(table))) === undefined) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${table} not found`,
    );
  }
  return (await context.store.db.get(keys.timeToLive(table))) as string | undefined;
}

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

const describeTable: Operation<Context> = async ({ store }, input) =>
  runAction(store, 'DescribeTable', validateInput(store, 'DescribeTable', input));

/** Operations on tables. */
export const tableOperations: [string, Operation<Context>][] = [
  ['CreateTable', createTable],
  ['DeleteTable', deleteTable],
  ['DescribeTable', describeTable],
  ['DescribeTimeToLive', describeTimeToLive],
  ['ListTables', listTables],
  ['UpdateTable', updateTable],
  ['UpdateTimeToLive', updateTimeToLive],
];
