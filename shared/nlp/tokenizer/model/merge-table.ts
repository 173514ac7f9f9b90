import { ModelError } from '#shared/errors.ts';
import type { MergeBorders } from './merge-borders.ts';

/** Numbers of a slot: left + 1 (0 where empty), right, rank, token that the two make. */
const width = 4;

/** Which two tokens merge, in which order, and into what: one flat hash table. */
export class MergeTable {
  private readonly slots: Int32Array;
  private readonly mask: number;

  /** @param merges how many it is to hold */
  constructor(merges: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(64, merges * 2)));
    this.slots = new Int32Array(capacity * width);
    this.mask = capacity - 1;
  }

  /** Of two merges of one pair the later one holds. */
  set(left: number, right: number, rank: number, made: number): void {
    const at = this.slotOf(left, right);
    this.slots[at] = left + 1;
    this.slots[at + 1] = right;
    this.slots[at + 2] = rank;
    this.slots[at + 3] = made;
  }

  /** Where the merge of two tokens is, for `rankAt` and `madeAt`; -1 where they do not merge. */
  find(left: number, right: number): number {
    const at = this.slotOf(left, right);
    return this.slots[at] === 0 ? -1 : at;
  }

  rankAt(at: number): number {
    return this.slots[at + 2] ?? 0;
  }

  madeAt(at: number): number {
    return this.slots[at + 3] ?? 0;
  }

  private slotOf(left: number, right: number): number {
    const { slots, mask } = this;
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const at = slot * width;
      const taken = slots[at];
      if (taken === 0 || (taken === left + 1 && slots[at + 1] === right)) return at;
      slot = (slot + 1) & mask;
    }
  }
}

/**
 * Reads `merges`: pairs, or strings with a space between the two.
 *
 * @param idOf the id of a token; undefined where the vocabulary has none
 * @param continuingPrefix is left out of the second where two are put together
 * @param borders is told which characters the merges meet at
 * @throws {ModelError} naming a merge that is malformed, or of tokens that the vocabulary has not.
 */
export function readMerges(
  merges: readonly unknown[],
  idOf: (token: string) => number | undefined,
  continuingPrefix: string,
  borders?: MergeBorders,
): MergeTable {
  const table = new MergeTable(merges.length);
  merges.forEach((merge, rank) => {
    if (typeof merge === 'string' && merge.startsWith('#version')) return;
    const parts: readonly unknown[] = typeof merge === 'string' ? merge.split(' ') : pair(merge);
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw new ModelError(`tokenizer.json: model.merges.${rank} must be a pair of tokens`);
    }
    const ids = [idOf(left), idOf(right), idOf(left + right.slice(continuingPrefix.length))];
    const [first, second, made] = ids;
    if (first === undefined || second === undefined || made === undefined) {
      throw new ModelError(
        `tokenizer.json: model.merges.${rank}: model.vocab lacks a token of ${JSON.stringify(merge)}`,
      );
    }
    table.set(first, second, rank, made);
    borders?.add(lastCodePoint(left), right.codePointAt(0) ?? 0);
  });
  return table;
}

function lastCodePoint(token: string): number {
  const pair = token.codePointAt(token.length - 2) ?? 0;
  return pair > 0xffff ? pair : token.charCodeAt(token.length - 1);
}

function pair(merge: unknown): readonly unknown[] {
  return Array.isArray(merge) ? merge : [];
}
