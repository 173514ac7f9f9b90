import { Readable } from 'node:stream';
import type { CommitQueue, KeyRange, KeyValueStore, StoreOperation } from '../key-value-store.ts';
import { startingWith } from '../key-value-store.ts';
import { type Operation, ServiceError } from '../operations.ts';
import type { Turns } from '../turns.ts';
import type { Callback, DynaliteStore, ItemDb, WireItem } from './dynalite.ts';
import { actionOf, asServiceError, checkInput, storeOptions } from './dynalite.ts';
import { keys, tableOf } from './store.ts';
import type { Streams } from './streams.ts';

/** What every operation works on. */
export interface Context {
  db: KeyValueStore;
  queue: CommitQueue;
  streams: Streams;
  inTurn: Turns;
  /** Epoch milliseconds. */
  now: () => number;
}

/** What is known of one call while dynalite's action runs. */
interface Call {
  /** The service that makes the change, where no caller does. */
  principal: string | undefined;
  /** The items that the call has read under their locks, by key. */
  before: Map<string, WireItem | undefined>;
  /** Ends the holding of every lock that the call holds. */
  held: Set<() => void>;
  fail(error: unknown): void;
}

/**
 * Runs one of dynalite's actions. It runs on only through its store, so its store is where its faults are caught: whatever
 * it throws, at once or when called back, ends this one call, and gives up its locks, for which others would wait for ever.
 */
export async function runItemOperation(
  context: Context,
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
  } catch (error) {
    const known = asServiceError(error);
    const [item] = before.values();
    if (returned !== 'ALL_OLD' || item === undefined || !(known instanceof ServiceError))
      throw known;
    if (!known.type.endsWith('ConditionalCheckFailedException')) throw known;
    const { type, message, statusCode } = known;
    throw new ServiceError(type, message, { statusCode, members: { Item: item } });
  }
}

/**
 * The store as one call sees it: a put or delete of an item, its index entries and its stream record become a single
 * indivisible write, made under the lock on the item, and acknowledged when it is down.
 */
function storeOf(context: Context, call: Call): DynaliteStore {
  const { db, queue, streams, inTurn } = context;
  let indexWrites: StoreOperation[] = [];

  const guarded =
    <Args extends unknown[]>(callback: (...args: Args) => unknown) =>
    (...args: Args): true => {
      try {
        callback(...args);
      } catch (error) {
        call.fail(error);
      }
      return true;
    };
  const answer = <T>(promise: Promise<T>, callback: Callback<T>) => {
    promise.then(
      guarded((value) => callback(null, value)),
      guarded(callback),
    );
  };
  const write = (table: string, key: string, after: WireItem | undefined, callback: Callback) => {
    const { before, principal } = call;
    const change = { before: before.get(key), after, ...(principal && { principal }) };
    const operations = [...indexWrites, put(key, after), ...streams.append(table, change)];
    indexWrites = [];
    answer(queue.commit(operations), callback);
  };
  const writeToIndex = (key: string, entry: WireItem | undefined, callback: Callback) => {
    indexWrites.push(put(key, entry));
    callback();
  };
  const part = (prefix: string, change: typeof writeToIndex): ItemDb => ({
    lock: (key, callback) => {
      void inTurn(
        prefix + key,
        () =>
          new Promise<void>((free) => {
            call.held.add(free);
            guarded(callback)((done) => (error, value) => {
              free();
              done(error, value);
            });
          }),
      );
    },
    get: (key, callback) => {
      const read = db.get(prefix + key).then((value) => {
        call.before.set(prefix + key, value as WireItem | undefined);
        return value as WireItem;
      });
      answer(read, callback);
    },
    put: (key, item, callback) => change(prefix + key, item, callback),
    del: (key, callback) => change(prefix + key, undefined, callback),
    createValueStream: (range) => {
      const stream = Readable.from(valuesOf(db.iterator(within(prefix, range))));
      stream.emit = guarded(stream.emit.bind(stream));
      return stream;
    },
  });
  return {
    options: storeOptions,
    getTable: (name, callback) => answer(tableOf(db, name), callback),
    getItemDb: (table) =>
      part(keys.item(table), (key, item, callback) => write(table, key, item, callback)),
    getIndexDb: (type, table, index) => part(keys.index(type, table, index), writeToIndex),
  };
}

function put(key: string, value: WireItem | undefined): StoreOperation {
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
}

/** A range of a part of the store as one of the whole. */
function within(prefix: string, { gt, gte, lt, lte, ...rest }: KeyRange): KeyRange {
  const whole = startingWith(prefix);
  return {
    ...rest,
    ...(gt === undefined ? { gte: prefix + (gte ?? '') } : { gt: prefix + gt }),
    ...(lte === undefined
      ? { lt: lt === undefined ? whole.lt : prefix + lt }
      : { lte: prefix + lte }),
  };
}

async function* valuesOf(entries: AsyncIterable<[string, unknown]>) {
  for await (const [, value] of entries) yield value;
}

/** Operations on items; what they write is captured for the table's stream. */
export const itemOperations = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
].map((name): [string, Operation<Context>] => [
  name,
  (context, input) => runItemOperation(context, name, input),
]);
