import { IntegerList, type TextBuffer } from '../text-buffer.ts';

/** Words that are kept at most, what they are spelled with, and what is kept of their tokens. */
const WORDS = 2 ** 14;
const SLOTS = WORDS * 2;
const UNITS = 2 ** 18;
const LONGEST = 64;
/** Numbers of a slot: start of the word's units, their number, start of its tokens, their number. */
const width = 4;

/**
 * Remembers the tokens of words. Its memory is bounded: when it is full, it forgets all of them and begins again, so what it
 * says never depends on what came before.
 */
export class WordCache {
  private readonly slots = new Int32Array(SLOTS * width);
  private readonly units = new Uint16Array(UNITS);
  private readonly tokens = new IntegerList();
  private words = 0;
  private used = 0;
  /** Where the last look-up ended: the word's slot, or the empty one that it belongs in. */
  private at = 0;

  /** Appends the tokens of a word that is known; false where it is not, and may be added right after. */
  find(buffer: TextBuffer, start: number, end: number, out: IntegerList): boolean {
    const length = end - start;
    if (length > LONGEST) return false;
    const { slots, units } = this;
    const word = buffer.units;
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (word[i] ?? 0), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    for (;;) {
      const at = slot * width;
      const known = slots[at + 1] ?? 0;
      if (known === 0) {
        this.at = at;
        return false;
      }
      if (known === length && same(units, slots[at] ?? 0, word, start, length)) {
        const { values } = this.tokens;
        const first = slots[at + 2] ?? 0;
        const last = first + (slots[at + 3] ?? 0);
        for (let t = first; t < last; t += 3) {
          out.push(values[t] ?? 0);
          out.push(start + (values[t + 1] ?? 0));
          out.push(start + (values[t + 2] ?? 0));
        }
        return true;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  /** Keeps the word that `find` has just not found, whose tokens are those of `tokens` from `first` on. */
  add(buffer: TextBuffer, start: number, end: number, tokens: IntegerList, first: number): void {
    const length = end - start;
    if (length > LONGEST) return;
    if (this.words === WORDS || this.used + length > UNITS) {
      this.slots.fill(0);
      this.words = 0;
      this.used = 0;
      this.tokens.length = 0;
      return;
    }
    const { slots, at } = this;
    slots[at] = this.used;
    slots[at + 1] = length;
    slots[at + 2] = this.tokens.length;
    slots[at + 3] = tokens.length - first;
    this.units.set(buffer.units.subarray(start, end), this.used);
    this.used += length;
    this.words++;
    for (let t = first; t < tokens.length; t += 3) {
      this.tokens.push(tokens.values[t] ?? 0);
      this.tokens.push((tokens.values[t + 1] ?? 0) - start);
      this.tokens.push((tokens.values[t + 2] ?? 0) - start);
    }
  }
}

function same(
  known: Uint16Array,
  from: number,
  word: Uint16Array,
  start: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (known[from + i] !== word[start + i]) return false;
  return true;
}
