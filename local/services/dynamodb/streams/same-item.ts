import { canonicalJson } from '#shared/canonical-json.ts';
import type { WireItem } from '../dynalite.ts';

const SETS = new Set(['SS', 'NS', 'BS']);

/** Whether two items are equal by value: attributes and members of sets in any order. */
export function sameItem(a: WireItem, b: WireItem): boolean {
  return canonicalJson(sortSets(a)) === canonicalJson(sortSets(b));
}

function sortSets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    return SETS.has(name) ? [...value].sort() : value.map((inner) => sortSets(inner));
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, sortSets(inner, key)]),
  );
}
