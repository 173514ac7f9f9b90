import { Readable } from 'node:stream';
import type { LimitFunction } from 'p-limit';
import {
  entry,
  type KeyRange,
  type KeyValueStore,
  type StoreOperation,
  startingWith,
} from '../key-value-store.ts';
import { type Operations, ServiceError } from '../operations.ts';
import type { Callback, DynaliteStore, ItemDb, WireItem } from './dynalite.ts';
import { actionOf, asServiceError, checkInput, storeOptions } from './dynalite.ts';
import { keys, tableOf } from './stored-table.ts';
import type { TableStreams } from './table-streams.ts';

/** What every operation works on. */
export interface DynamoDbContext {
  store: KeyValueStore;
  streams: TableStreams;
  /** Runs what makes and deletes tables, one at a time. */
  alone: LimitFunction;
  /** Epoch milliseconds. */
  now: () => number;
}

/**
 * Runs one of dynalite's actions. Reads of single keys are answered at once, so that from reading an item to asking for its
 * new state nothing comes between, and dynalite's locks are not needed. It runs on only through its store, so its store is
 * where its faults are caught: whatever it throws, at once or when called back, ends this one call.
 */
export async function runItemOperation(
  context: DynamoDbContext,
  name: string,
  input: unknown,
  principal?: string,
): Promise<unknown> {
  // Looked at before the check, which drops the members that dynalite does not know.
  const { ReturnValuesOnConditionCheckFailure: returned } = input as Record<string, unknown>;
  const data = checkInput(name, input);
  const before = new Map<string, WireItem | undefined>();
  const answer = new Promise((resolve, reject) => {
    const store = storeOf(context, { before, principal, fail: reject });
    actionOf(name)(store, data, (error, value) => (error ? reject(error) : resolve(value)));
  });
  const seen = context.store.settled();
  try {
    return await answer;
  } catch (thrown) {
    const error = asServiceError(thrown);
    const [Item] = before.values();
    const refused =
      error instanceof ServiceError && error.type.endsWith('ConditionalCheckFailedException');
    if (!refused || returned !== 'ALL_OLD' || Item === undefined) throw error;
    const { type, message, statusCode } = error;
    throw new ServiceError(type, message, { statusCode, members: { Item } });
  } finally {
    // What the action has read may not be down yet.
    await seen;
  }
}

/** What is known of one call while dynalite's action runs. */
interface ItemCall {
  /** The items that the call has read, by key. */
  before: Map<string, WireItem | undefined>;
  /** The service that makes the change, where no caller does. */
  principal: string | undefined;
  fail(error: unknown): void;
}

type Write = (key: string, after: WireItem | undefined, callback: Callback) => void;

/**
 * The store as one call sees it: a put or delete of an item, its index entries and its stream record become a single
 * indivisible write, acknowledged when it is down.
 */
function storeOf({ store, streams }: DynamoDbContext, call: ItemCall): DynaliteStore {
  const { before, principal, fail } = call;
  let indexWrites: StoreOperation[] = [];

  const writeTo =
    (table: string): Write =>
    (key, after, callback) => {
      const change = { before: before.get(key), after, ...(principal && { principal }) };
      const operations = [...indexWrites, entry(key, after), ...streams.append(table, change)];
      indexWrites = [];
      store
        .commit(operations)
        .then(() => callback(), callback)
        .catch(fail);
    };
  const writeToIndex: Write = (key, after, callback) => {
    indexWrites.push(entry(key, after));
    callback();
  };
  const part = (prefix: string, write: Write): ItemDb => ({
    lock: (_key, callback) => callback((done) => done),
    get: (key, callback) => {
      const item = store.getSync(prefix + key) as WireItem | undefined;
      before.set(prefix + key, item);
      callback(null, item);
    },
    put: (key, item, callback) => write(prefix + key, item, callback),
    del: (key, callback) => write(prefix + key, undefined, callback),
    createValueStream: (range) => {
      const stream = Readable.from(valuesOf(store.iterator(within(prefix, range))));
      const emit = stream.emit.bind(stream);
      stream.emit = (...event: Parameters<typeof emit>) => {
        try {
          return emit(...event);
        } catch (error) {
          fail(error);
          return true;
        }
      };
      return stream;
    },
  });
  return {
    options: storeOptions,
    getTable: (name, callback) => callback(null, tableOf(store, name)),
    getItemDb: (table) => part(keys.item(table), writeTo(table)),
    getIndexDb: (type, table, index) => part(`${keys.index(type, table)}${index}~`, writeToIndex),
  };
}

/** A range of a part of the store as one of the whole. */
function within(prefix: string, { gt, gte = '', lt, lte, ...rest }: KeyRange): KeyRange {
  const end = lt === undefined ? startingWith(prefix).lt : prefix + lt;
  return {
    ...rest,
    ...(gt === undefined ? { gte: prefix + gte } : { gt: prefix + gt }),
    ...(lte === undefined ? { lt: end } : { lte: prefix + lte }),
  };
}

async function* valuesOf(entries: AsyncIterable<[string, unknown]>) {
  for await (const [, value] of entries) yield value;
}

const OFFERED = 'BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query Scan UpdateItem';

/** Operations on items; what they write is captured for the table's stream. */
export const itemOperations: Operations<DynamoDbContext> = Object.fromEntries(
  OFFERED.split(' ').map((name) => [
    name,
    (context: DynamoDbContext, input: unknown) => runItemOperation(context, name, input),
  ]),
);
