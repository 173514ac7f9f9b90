import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { compileFunction } from 'node:vm';
import { messageOf } from '#shared/errors.ts';
import type { KeyValueStore } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';

/** Node-style callback of dynalite. */
export type Callback<T = unknown> = (error?: unknown, value?: T) => void;
/** An attribute value as the wire has it, such as `{"S":"x"}`. */
type WireValue = Record<string, unknown>;
/** An item as the wire has it. */
export type WireItem = Record<string, WireValue>;

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

const CACHE = `
  var cache = new Map();
  function cached(name, rule) {
    var key = name + peg$currPos, known = cache.get(key), result;
    if (known) { peg$currPos = known[1]; return known[0]; }
    result = rule();
    cache.set(key, [result, peg$currPos]);
    return result;
  }`;
const load = createRequire(import.meta.url);
for (const parser of ['conditionParser', 'projectionParser', 'updateParser']) loadWithCache(parser);
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
  'PutItem',
  'Query',
  'Scan',
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
    // It takes members of a list or map for granted, which may be null.
    throw error instanceof TypeError
      ? new ServiceError('SerializationException', 'a member is null where none may be')
      : asServiceError(error);
  }
}

/**
 * Runs one of dynalite's actions on checked input. Whatever it throws, at once or when its store calls it back, ends
 * this one call: dynalite runs on only through its store, so its store is where its faults are caught. The locks that it
 * held are given up, or every later call for the same item would wait for ever.
 */
export function runAction(
  store: DynaliteStore,
  operation: DynaliteOperation,
  data: unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const held: (() => void)[] = [];
    const fail = (error: unknown) => {
      for (const release of held.splice(0)) quietly(release);
      reject(asServiceError(error));
    };
    const settle: Callback = (error, value) => {
      held.length = 0;
      if (error) reject(asServiceError(error));
      else resolve(value);
    };
    try {
      moduleOf(operation).action(guarded(store, { fail, held }), data, settle);
    } catch (error) {
      fail(error);
    }
  });
}

interface Guard {
  fail(error: unknown): void;
  held: (() => void)[];
}
type AnyFunction = (...args: unknown[]) => unknown;

/** A view of the store, and of what it gives out, in which no callback throws. */
function guarded<T extends object>(target: T, guard: Guard): T {
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name);
      if (name === 'tableDb' && isObject(member)) return guarded(member, guard);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const safe = args.map((arg) =>
          typeof arg === 'function' ? safely(arg as AnyFunction, guard, name === 'lock') : arg,
        );
        const result: unknown = Reflect.apply(member, object, safe);
        if (result instanceof EventEmitter) result.emit = safely(result.emit.bind(result), guard);
        else if (isObject(result) && 'lock' in result) return guarded(result, guard);
        return result;
      };
    },
  });
}

function safely(callback: AnyFunction, guard: Guard, locks = false) {
  return (...args: unknown[]): boolean => {
    try {
      const [release] = args;
      if (locks && typeof release === 'function') guard.held.push(release());
      callback(...args);
    } catch (error) {
      guard.fail(error);
    }
    return true;
  };
}

function quietly(release: () => void) {
  try {
    release();
  } catch {
    // It was given up already.
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** A view of an object with some members replaced; the rest is its own. */
export function extend<T extends object>(base: T, members: Partial<T>): T {
  return Object.assign(Object.create(base) as T, members);
}

/** Keys of the store. Those of dynalite are `table~`, `item-T~`, `index-…~`, `tag-T~`; ours start with `spanstream-`. */
export const keys = {
  table: (table = '') => `table~${table}`,
  item: (table: string, key = '') => `item-${table}~${key}`,
  index: (type: string, table: string, index: string, key = '') =>
    `index-${type.toLowerCase()}~${table}~${index}~${key}`,
  timeToLive: (table = '') => `spanstream-ttl~${table}`,
  stream: (arn = '') => `spanstream-stream~${arn}`,
  record: (arn: string, shardId: string, sequenceNumber = '') =>
    `spanstream-record~${arn}~${shardId}~${sequenceNumber}`,
  sequence: 'spanstream-sequence',
} as const;

/**
 * Loads one of dynalite's parsers with what PEG.js calls its cache: they were made without, and try a nested parenthesis
 * so many ways that twenty of them take a minute. With it each rule is tried once at each place, so in linear time.
 */
function loadWithCache(parser: string): void {
  const filename = load.resolve(`dynalite/db/${parser}`);
  const source = readFileSync(filename, 'utf8');
  const start = 'function peg$parseStart() {';
  if (!source.includes(start))
    throw new Error(`${filename} is not of the dynalite that is known here`);
  const cached = source
    .replace(start, () => `${CACHE}\n${start}`)
    .replaceAll(
      /function (peg\$parse\w*)\(\) \{/g,
      (_whole, rule) =>
        `function ${rule}() { return cached('${rule}@', ${rule}$); }\nfunction ${rule}$() {`,
    );
  const loaded: { exports: object } = { exports: {} };
  compileFunction(cached, ['exports', 'module', 'require'], { filename })(
    loaded.exports,
    loaded,
    load,
  );
  load.cache[filename] = Object.assign(new Module(filename), loaded, { filename, loaded: true });
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
