import { createRequire } from 'node:module';
import { messageOf } from '#shared/errors.ts';
import { ServiceError } from '../service-error.ts';

/** Node-style callback of dynalite. */
export type Callback<T = unknown> = (error?: unknown, value?: T) => void;
/** An attribute value as the wire has it, such as `{"S":"x"}`. */
type WireValue = Record<string, unknown>;
/** An item as the wire has it. */
export type WireItem = Record<string, WireValue>;

/** One put or delete of the store. */
export type StoreOperation =
  | { type: 'put'; key: string; value: unknown }
  | { type: 'del'; key: string };

/** A range of keys in key order. */
interface KeyRange {
  gt?: string;
  gte?: string;
  lt?: string;
  lte?: string;
  limit?: number;
  reverse?: boolean;
}

/** The store beneath every table: keys in order, JSON values. */
export interface KeyValueStore {
  open(): Promise<void>;
  close(): Promise<void>;
  get(key: string): Promise<unknown>;
  batch(operations: readonly StoreOperation[]): Promise<void>;
  clear(range: KeyRange): Promise<void>;
  iterator(range: KeyRange): AsyncIterable<[string, unknown]>;
}

/** A part of the store under a prefix. */
export interface SubStore {
  get(key: string, callback: Callback): void;
  put(key: string, value: unknown, callback: Callback): void;
  del(key: string, callback: Callback): void;
}

/** A table's record as dynalite keeps it. */
export interface TableRecord {
  TableName: string;
  TableStatus: string;
  TableArn: string;
  KeySchema: { AttributeName: string; KeyType: string }[];
  AttributeDefinitions: { AttributeName: string; AttributeType: string }[];
  LocalSecondaryIndexes?: { IndexName: string }[];
  GlobalSecondaryIndexes?: { IndexName: string; IndexStatus?: string }[];
  StreamSpecification?: { StreamEnabled: boolean; StreamViewType?: string };
  LatestStreamArn?: string;
  LatestStreamLabel?: string;
}

/** What dynalite's actions read and write through. */
export interface DynaliteStore {
  options: { maxItemSize: number };
  db: KeyValueStore;
  tableDb: SubStore & { awsAccountId: string; awsRegion: string };
  getItemDb(table: string): SubStore;
  getIndexDb(type: string, table: string, index: string): SubStore;
  deleteItemDb(table: string, callback: Callback): void;
  deleteIndexDb(type: string, table: string, index: string, callback: Callback): void;
  deleteTagDb(table: string, callback: Callback): void;
}

/** Options that dynalite's store takes. */
export interface DynaliteStoreOptions {
  path?: string;
  createTableMs?: number;
  deleteTableMs?: number;
  updateTableMs?: number;
}

interface ValidationModule {
  types: Record<string, unknown>;
  custom?: unknown;
}
interface Validations {
  checkTypes(data: unknown, types: Record<string, unknown>): Record<string, unknown>;
  checkValidations(data: unknown, types: unknown, custom: unknown, store: DynaliteStore): void;
}
type Action = (store: DynaliteStore, data: unknown, callback: Callback) => void;

const load = createRequire(import.meta.url);
const database = load('dynalite/db') as {
  create(options: DynaliteStoreOptions): DynaliteStore;
  createKey(item: WireItem, table: TableRecord): string;
  itemSize(item: WireItem): number;
};
const validations = load('dynalite/validations') as Validations;

/** Operations that dynalite answers. */
export const DYNALITE_OPERATIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'ListTagsOfResource',
  'PutItem',
  'Query',
  'Scan',
  'TagResource',
  'UntagResource',
  'UpdateItem',
  'UpdateTable',
] as const;

/** Name of an operation that dynalite answers. */
export type DynaliteOperation = (typeof DYNALITE_OPERATIONS)[number];

const fileOf = (operation: string) => operation.charAt(0).toLowerCase() + operation.slice(1);
const modules = new Map(
  DYNALITE_OPERATIONS.map((operation) => [
    operation,
    {
      action: load(`dynalite/actions/${fileOf(operation)}`) as Action,
      validation: load(`dynalite/validations/${fileOf(operation)}`) as ValidationModule,
    },
  ]),
);

function moduleOf(operation: DynaliteOperation) {
  const found = modules.get(operation);
  if (found === undefined) throw new ServiceError('UnknownOperationException', operation);
  return found;
}

/** Opens dynalite's store in a folder, or in memory. */
export const createDynaliteStore = database.create;
/** The key under which a table keeps an item. */
export const itemKey = database.createKey;
/** Size of an item in bytes by DynamoDB's rules. */
export const itemSize = database.itemSize;

/** Checks an input by dynalite's rules and answers a copy with the known members only. */
export function validateInput(
  store: DynaliteStore,
  operation: DynaliteOperation,
  input: unknown,
): Record<string, unknown> {
  const { validation } = moduleOf(operation);
  try {
    const data = validations.checkTypes(input, validation.types);
    validations.checkValidations(data, validation.types, validation.custom, store);
    return data;
  } catch (error) {
    throw asServiceError(error);
  }
}

/** Runs one of dynalite's actions on checked input. */
export function runAction(
  store: DynaliteStore,
  operation: DynaliteOperation,
  data: unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    moduleOf(operation).action(store, data, (error, value) =>
      error ? reject(asServiceError(error)) : resolve(value),
    );
  });
}

function asServiceError(error: unknown): unknown {
  const { statusCode, body } = error as { statusCode?: number; body?: Record<string, unknown> };
  if (statusCode === undefined) return error;
  const message = body?.message ?? body?.Message;
  return new ServiceError(
    String(body?.__type ?? 'InternalServerError'),
    typeof message === 'string' ? message : messageOf(error),
    { statusCode },
  );
}
