import { Readable } from 'node:stream';
import {
  type KeyRange,
  type KeyValueStore,
  type StoreOperation,
  startingWith,
} from '../key-value-store.ts';
import { type Operations, ServiceError } from '../operations.ts';
import type { Turns } from '../turns.ts';
import type { Callback, DynaliteStore, ItemDb, WireItem } from './dynalite.ts';
import { actionOf, asServiceError, checkInput, storeOptions } from './dynalite.ts';
import { keys, tableOf } from './stored-table.ts';
import type { TableStreams } from './table-streams.ts';

/** What every operation works on. */
export interface DynamoDbContext {
  store: KeyValueStore;
  streams: TableStreams;
  inTurn: Turns;
  /** Epoch milliseconds. */
  now: () => number;
}

/** What is known of one call while dynalite's action runs. */
interface ItemCall {
  /** The service that makes the change, where no caller does. */
  principal: string | undefined;
  /** The items that the call has read, by key. */
  before: Map<string, WireItem | undefined>;
  /** Ends the call, and its holding of every lock. */
  fail(error: unknown): void;
  /** Ends the holding of every lock that the call holds. */
  held: Set<() => void>;
}

/**
 * Runs one of dynalite's actions. It runs on only through its store, so its store is where its faults are caught: whatever
 * it throws, at once or when called back, ends this one call, and gives up its locks, for which others would wait for ever.
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
  try {
    return await new Promise((resolve, reject) => {
      const held = new Set<() => void>();
      const fail = (error: unknown) => {
        for (const release of held) release();
        reject(error);
      };
      const store = storeOf(context, { principal, before, held, fail });
      actionOf(name)(store, data, (error, value) => (error ? reject(error) : resolve(value)));
    });
  } catch (thrown) {
    const error = asServiceError(thrown);
    const [Item] = before.values();
    const refused =
      error instanceof ServiceError && error.type.endsWith('ConditionalCheckFailedException');
    if (!refused || returned !== 'ALL_OLD' || Item === undefined) throw error;
    const { type, message, statusCode } = error;
    throw new ServiceError(type, message, { statusCode, members: { Item } });
  }
}

/**
 * The store as one call sees it: a put or delete of an item, its index entries and its stream record become a single
 * indivisible write, made under the lock on the item, and acknowledged when it is down.
 */
function storeOf({ store, streams, inTurn }: DynamoDbContext, call: ItemCall): DynaliteStore {
  let indexWrites: StoreOperation[] = [];

  const answer = <T>(promise: Promise<T>, callback: Callback<T>) => {
    promise.then((value) => callback(null, value), callback).catch(call.fail);
  };
  const write = (table: string, key: string, after: WireItem | undefined, callback: Callback) => {
    const { before, principal } = call;
    const change = { before: before.get(key), after, ...(principal && { principal }) };
    const operations = [...indexWrites, put(key, after), ...streams.append(table, change)];
    indexWrites = [];
    answer(store.commit(operations), callback);
  };
  const writeToIndex = (key: string, entry: WireItem | undefined, callback: Callback) => {
    indexWrites.push(put(key, entry));
    callback();
  };
  const part = (prefix: string, change: typeof writeToIndex): ItemDb => ({
    lock: (key, callback) => {
      const holding = () =>
        new Promise<void>((free) => {
          call.held.add(free);
          callback((done) => (error, value) => {
            free();
            done(error, value);
          });
        });
      inTurn(prefix + key, holding).catch(call.fail);
    },
    get: (key, callback) => {
      const read = async () => {
        const item = (await store.get(prefix + key)) as WireItem;
        call.before.set(prefix + key, item);
        return item;
      };
      answer(read(), callback);
    },
    put: (key, item, callback) => change(prefix + key, item, callback),
    del: (key, callback) => change(prefix + key, undefined, callback),
    createValueStream: (range) => {
      const stream = Readable.from(valuesOf(store.iterator(within(prefix, range))));
      const emit = stream.emit.bind(stream);
      stream.emit = (...event: Parameters<typeof emit>) => {
        try {
          return emit(...event);
        } catch (error) {
          call.fail(error);
          return true;
        }
      };
      return stream;
    },
  });
  return {
    options: storeOptions,
    getTable: (name, callback) => answer(tableOf(store, name), callback),
    getItemDb: (table) =>
      part(keys.item(table), (key, item, callback) => write(table, key, item, callback)),
    getIndexDb: (type, table, index) => part(`${keys.index(type, table)}${index}~`, writeToIndex),
  };
}

function put(key: string, value: WireItem | undefined): StoreOperation {
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
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

const OFFERED = ['BatchGetItem', 'BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query'];

/** Operations on items; what they write is captured for the table's stream. */
export const itemOperations: Operations<DynamoDbContext> = Object.fromEntries(
  [...OFFERED, 'Scan', 'UpdateItem'].map((name) => [
    name,
    (context: DynamoDbContext, input: unknown) => runItemOperation(context, name, input),
  ]),
);
