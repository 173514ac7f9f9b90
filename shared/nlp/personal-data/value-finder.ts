import { scriptWithoutSpaces } from './cues.ts';

/** A place at which a value occurs. */
export interface ValueMatch {
  readonly start: number;
  readonly end: number;
  /** Index of the value. */
  readonly value: number;
}

/** Values of this length on are hidden inside of words as well: it is no accident that they occur. */
const LONG = 8;
const wordUnit = /[\p{L}\p{M}\p{N}_]/u;

/**
 * Finds where values occur in texts, from left to right, the longest first, none overlapping (Aho and Corasick, 1975). A short
 * value counts as a word only: `Ann` is not found in `Annapolis`.
 */
export function createValueFinder(values: readonly string[]): (text: string) => ValueMatch[] {
  const next = new Map<number, number>();
  const units: number[] = [0];
  const parents: number[] = [0];
  const ends: number[] = [-1];
  values.forEach((value, index) => {
    let node = 0;
    for (let at = 0; at < value.length; at++) {
      const key = node * 65_536 + value.charCodeAt(at);
      let child = next.get(key);
      if (child === undefined) {
        child = units.length;
        next.set(key, child);
        units.push(value.charCodeAt(at));
        parents.push(node);
        ends.push(-1);
      }
      node = child;
    }
    if (node !== 0 && ends[node] === -1) ends[node] = index;
  });
  const { failures, outputs } = link({ next, units, parents, ends });
  const loose = values.map((value) => value.length >= LONG || scriptWithoutSpaces.test(value));

  const isWhole = (text: string, start: number, end: number) =>
    !(wordUnit.test(text.charAt(start)) && start > 0 && wordUnit.test(text.charAt(start - 1))) &&
    !(wordUnit.test(text.charAt(end - 1)) && wordUnit.test(text.charAt(end)));

  return (text) => {
    if (values.length === 0) return [];
    const matches: ValueMatch[] = [];
    let node = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      let child = next.get(node * 65_536 + unit);
      while (child === undefined && node !== 0) {
        node = failures[node] ?? 0;
        child = next.get(node * 65_536 + unit);
      }
      node = child ?? 0;
      for (let out = node; out !== 0; out = outputs[out] ?? 0) {
        const value = ends[out] ?? -1;
        if (value < 0) continue;
        const end = at + 1;
        const start = end - (values[value]?.length ?? 0);
        if (!loose[value] && !isWhole(text, start, end)) continue;
        matches.push({ start, end, value });
        break;
      }
    }
    matches.sort((a, b) => a.start - b.start || b.end - a.end);
    let end = 0;
    return matches.filter((match) => {
      if (match.start < end) return false;
      end = match.end;
      return true;
    });
  };
}

interface Trie {
  readonly next: ReadonlyMap<number, number>;
  readonly units: readonly number[];
  readonly parents: readonly number[];
  readonly ends: readonly number[];
}

/** Of each node the longest other one that its path ends with, and the next one among these at which a value ends. */
function link({ next, units, parents, ends }: Trie) {
  const failures = new Int32Array(units.length);
  const outputs = new Int32Array(units.length);
  // Parents come before children, but not the shorter before the longer: that order is by depth.
  const depths = new Int32Array(units.length);
  for (let node = 1; node < units.length; node++)
    depths[node] = (depths[parents[node] ?? 0] ?? 0) + 1;
  const order = Array.from(units.keys()).sort((a, b) => (depths[a] ?? 0) - (depths[b] ?? 0));
  for (const node of order) {
    const parent = parents[node] ?? 0;
    if (node === 0 || parent === 0) continue;
    let failure = failures[parent] ?? 0;
    let target = next.get(failure * 65_536 + (units[node] ?? 0));
    while (target === undefined && failure !== 0) {
      failure = failures[failure] ?? 0;
      target = next.get(failure * 65_536 + (units[node] ?? 0));
    }
    const failed = target ?? 0;
    failures[node] = failed;
    outputs[node] = (ends[failed] ?? -1) >= 0 ? failed : (outputs[failed] ?? 0);
  }
  return { failures, outputs };
}
