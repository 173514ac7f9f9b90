import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SpanstreamError } from '#shared/errors.ts';

/*
 * Not the SDK's own marshaller: it looks at a map's `constructor`, so that an attribute of that name makes it throw, and loses one
 * named `__proto__`; its reverse throws for numbers that no double holds exactly.
 */

/**
 * An item as DynamoDB takes it; undefined members are left out.
 *
 * @throws {SpanstreamError} `unstorable` for what is no string, finite number, boolean, null, byte array, list or map
 */
export function toAttributes(item: object): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(item)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, toAttribute(value, name)]),
  );
}

function toAttribute(value: unknown, name: string): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number' && Number.isFinite(value)) return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof Uint8Array) return { B: value };
  if (Array.isArray(value)) return { L: value.map((inner) => toAttribute(inner, name)) };
  if (typeof value === 'object') return { M: toAttributes(value) };
  throw new SpanstreamError('unstorable', `${name} cannot be stored: it is ${String(value)}`);
}

const OWN = { configurable: true, enumerable: true, writable: true };

/** Names of what is wanted of an item or a map, and of what lies in that; all of it where undefined. */
export type Wanted = { readonly [name: string]: Wanted | undefined };

/**
 * The item that DynamoDB gives, for any item whatever: numbers as doubles, sets as lists. Bytes may come in base64, as in
 * the JSON of a stream's event.
 */
export function fromAttributes(
  item: Readonly<Record<string, AttributeValue>>,
  wanted?: Wanted,
): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const name in wanted ?? item) {
    const attribute = item[name];
    if (attribute === undefined) continue;
    const value = fromAttribute(attribute, wanted?.[name]);
    // An assignment would set the prototype.
    if (name === '__proto__') Object.defineProperty(plain, name, { ...OWN, value });
    else plain[name] = value;
  }
  return plain;
}

function fromAttribute(attribute: AttributeValue, wanted?: Wanted): unknown {
  const { S, N, BOOL, B, L, M, SS, NS, BS } = attribute;
  if (S !== undefined) return S;
  if (N !== undefined) return Number(N);
  if (BOOL !== undefined) return BOOL;
  if (B !== undefined) return toBytes(B);
  if (L !== undefined) return L.map((inner) => fromAttribute(inner, wanted));
  if (M !== undefined) return fromAttributes(M, wanted);
  return SS ?? NS?.map(Number) ?? BS?.map(toBytes) ?? null;
}

const toBytes = (bytes: Uint8Array | string): Uint8Array =>
  typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : bytes;
