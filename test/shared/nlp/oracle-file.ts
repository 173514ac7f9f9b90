import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Reads one of `fixtures/oracles/`; its shape is what the script beside it writes. */
export function readOracle<T>(name: string): T {
  const file = new URL(`../../../fixtures/oracles/${name}`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as T;
}
