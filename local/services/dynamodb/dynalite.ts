import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import type { Readable } from 'node:stream';
import { compileFunction } from 'node:vm';
import { messageOf } from '#shared/errors.ts';
import type { KeyRange } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';

/** Node-style callback of dynalite. */
export type Callback<T = unknown> = (error?: unknown, value?: T) => void;
/** An item as the wire has it: attribute values such as `{"S":"x"}` by name. */
export type WireItem = Record<string, Record<string, unknown>>;

/** A part of the store that dynalite's actions work on: a table's items, or the entries of an index. */
export interface ItemDb {
  /** Calls back once nobody else holds the key; the callback that ends the holding goes through what it is given. */
  lock(key: string, callback: (release: (done: Callback) => Callback) => void): void;
  get(key: string, callback: Callback<WireItem>): void;
  put(key: string, item: WireItem, callback: Callback): void;
  del(key: string, callback: Callback): void;
  createValueStream(range: KeyRange): Readable;
}

/** What dynalite's actions read and write through. */
export interface DynaliteStore {
  options: { maxItemSize: number };
  getTable(name: string, callback: Callback): void;
  getItemDb(table: string): ItemDb;
  getIndexDb(type: string, table: string, index: string): ItemDb;
}

interface Validations {
  checkTypes(data: unknown, types: unknown): Record<string, unknown>;
  checkValidations(data: unknown, types: unknown, custom: unknown, store: unknown): void;
}
type Action = (store: DynaliteStore, data: unknown, callback: Callback) => void;

/** Options that dynalite's checks and actions look at. */
export const storeOptions = { maxItemSize: 400 * 1024 };

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
const validations = load('dynalite/validations') as Validations;

/** Size of an item in bytes by DynamoDB's rules. */
export const sizeOf: (item: WireItem) => number = load('dynalite/db').itemSize;

const fileOf = (operation: string) => operation.charAt(0).toLowerCase() + operation.slice(1);

/** The action of dynalite that answers an operation. */
export const actionOf = (operation: string) =>
  load(`dynalite/actions/${fileOf(operation)}`) as Action;

/**
 * Checks an input by dynalite's rules for an operation and answers a copy with the known members only; the others are
 * gone from the input itself.
 *
 * @throws {ServiceError} where it breaks one
 */
export function checkInput(operation: string, input: unknown): Record<string, unknown> {
  const { types, custom } = load(`dynalite/validations/${fileOf(operation)}`);
  try {
    const data = validations.checkTypes(input, types);
    validations.checkValidations(data, types, custom, { options: storeOptions });
    return data;
  } catch (error) {
    // It takes members of a list or map for granted, which may be null.
    throw error instanceof TypeError
      ? new ServiceError('SerializationException', 'a member is null where none may be')
      : asServiceError(error);
  }
}

/** An error of dynalite as ours; what is none of its error answers stays as it is. */
export function asServiceError(error: unknown): unknown {
  const { statusCode, body } = error as { statusCode?: number; body?: Record<string, unknown> };
  if (error instanceof ServiceError || statusCode === undefined) return error;
  const message = body?.message ?? body?.Message;
  return new ServiceError(
    String(body?.__type ?? 'InternalServerError'),
    typeof message === 'string' ? message : messageOf(error),
    { statusCode },
  );
}

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
  const loaded = Object.assign(new Module(filename), { filename, loaded: true });
  const run = compileFunction(cached, ['exports', 'module', 'require'], { filename });
  run(loaded.exports, loaded, load);
  load.cache[filename] = loaded;
}
