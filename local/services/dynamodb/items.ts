import type { CommitQueue, StoreOperation } from '../key-value-store.ts';
import { type Operation, ServiceError } from '../operations.ts';
import type {
  Callback,
  DynaliteOperation,
  DynaliteStore,
  SubStore,
  TableRecord,
  WireItem,
} from './dynalite.ts';
import { extend, itemKey, keys, runAction, validateInput } from './dynalite.ts';
import type { Streams } from './streams.ts';

/** What every operation works on. */
export interface Context extends CaptureDeps {
  now: () => number;
  iteratorLifetimeMs: number;
}

/** What writes go through. */
interface CaptureDeps {
  store: DynaliteStore;
  queue: CommitQueue;
  streams: Streams;
}

/**
 * The store as one request sees it: a put or delete of an item, its index entries and its stream record become a
 * single indivisible write, made under the lock that dynalite holds on the item, and acknowledged when it is down.
 */
function captureStore(deps: CaptureDeps, principal?: string) {
  const { store, queue, streams } = deps;
  const seen = new Map<string, WireItem | undefined>();
  let indexWrites: StoreOperation[] = [];

  const write = (table: string, key: string, after: WireItem | undefined, callback: Callback) => {
    const itemKey = keys.item(table, key);
    const item: StoreOperation =
      after === undefined
        ? { type: 'del', key: itemKey }
        : { type: 'put', key: itemKey, value: after };
    const change = { before: seen.get(itemKey), after, ...(principal && { principal }) };
    const operations = [...indexWrites, item, ...streams.append(table, change)];
    indexWrites = [];
    queue.commit(operations).then(
      () => setImmediate(callback),
      (error: unknown) => setImmediate(callback, error),
    );
  };

  const itemStore = (table: string): SubStore => {
    const base = store.getItemDb(table);
    return extend(base, {
      get: (key, callback) =>
        base.get(key, (error, value) => {
          seen.set(keys.item(table, key), value as WireItem | undefined);
          callback(error, value);
        }),
      put: (key, value, callback) => write(table, key, value as WireItem, callback),
      del: (key, callback) => write(table, key, undefined, callback),
    });
  };

  const indexStore = (type: string, table: string, index: string): SubStore =>
    extend(store.getIndexDb(type, table, index), {
      put: (key, value, callback) => {
        indexWrites.push({ type: 'put', key: keys.index(type, table, index, key), value });
        callback();
      },
      del: (key, callback) => {
        indexWrites.push({ type: 'del', key: keys.index(type, table, index, key) });
        callback();
      },
    });

  return {
    store: extend(store, { getItemDb: itemStore, getIndexDb: indexStore }),
    /** The item of a table's key as it was when the request took its lock. */
    itemBefore: (table: string, key: string) => seen.get(keys.item(table, key)),
  };
}

/** Runs one of dynalite's writes with its changes captured for the stream. */
export async function writeItem(
  context: Context,
  operation: DynaliteOperation,
  input: unknown,
  principal?: string,
): Promise<unknown> {
  // Asked for before the check, which drops the members that dynalite does not know.
  const itemWanted =
    (input as { ReturnValuesOnConditionCheckFailure?: unknown })
      .ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const data = validateInput(context.store, operation, input);
  const captured = captureStore(context, principal);
  try {
    return await runAction(captured.store, operation, data);
  } catch (error) {
    throw itemWanted ? await withItem(context, captured, data, error) : error;
  }
}

async function withItem(
  context: Context,
  captured: ReturnType<typeof captureStore>,
  data: Record<string, unknown>,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof ServiceError)) return error;
  if (!error.type.endsWith('ConditionalCheckFailedException')) return error;
  const name = String(data.TableName);
  const table = (await context.store.db.get(keys.table(name))) as TableRecord;
  const key = itemKey((data.Item ?? data.Key) as WireItem, table);
  const item = captured.itemBefore(name, key);
  return item === undefined
    ? error
    : new ServiceError(error.type, error.message, {
        statusCode: error.statusCode,
        members: { Item: item },
      });
}

const written = (name: DynaliteOperation): [string, Operation<Context>] => [
  name,
  (context, input) => writeItem(context, name, input),
];
const read = (name: DynaliteOperation): [string, Operation<Context>] => [
  name,
  async ({ store }, input) => runAction(store, name, validateInput(store, name, input)),
];

/** Operations on items; what they write is captured for the table's stream. */
export const itemOperations: [string, Operation<Context>][] = [
  ...(['BatchWriteItem', 'DeleteItem', 'PutItem', 'UpdateItem'] as const).map(written),
  ...(['BatchGetItem', 'GetItem', 'Query', 'Scan'] as const).map(read),
];
