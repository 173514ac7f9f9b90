import { createHash } from 'node:crypto';
import { type KeyValueStore, startingWith } from '../key-value-store.ts';

/** A name of any characters as part of a key: as long as any other, and ASCII. */
export function digest(...names: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex');
}

/** A count of seconds or entries as part of a key, so that keys stand in its order. */
export function padded(count: number): string {
  return String(count).padStart(15, '0');
}

/** Every value whose key starts so, in the order of the keys. */
export async function valuesOf<T>(db: KeyValueStore, prefix: string): Promise<T[]> {
  const values: T[] = [];
  for await (const [, value] of db.iterator(startingWith(prefix))) values.push(value as T);
  return values;
}
