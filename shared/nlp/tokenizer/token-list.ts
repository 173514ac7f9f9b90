import type { Encoding } from '../types.ts';
import { IntegerList, type TextBuffer } from './text-buffer.ts';

/** The tokens of a text as they are found; used again for every text. */
export class TokenList {
  /** Id, start and end of each token, in the original text once its word is closed. */
  readonly values = new IntegerList();
  private readonly wordIds = new IntegerList();
  private word = 0;
  /** What added tokens took of the text, by the place of their first number in `values`. */
  readonly added = new Map<number, string>();

  /** Place after the last number of the last token. */
  get length(): number {
    return this.values.length;
  }

  clear(): void {
    this.values.length = 0;
    this.wordIds.length = 0;
    this.word = 0;
    if (this.added.size > 0) this.added.clear();
  }

  /** Ends a word: its tokens, from `first` on, get their spans in the original text. */
  closeWord(first: number, { starts, ends }: TextBuffer): void {
    const { values, length } = this.values;
    for (let t = first; t < length; t += 3) {
      values[t + 1] = starts[values[t + 1] ?? 0] ?? 0;
      values[t + 2] = ends[(values[t + 2] ?? 0) - 1] ?? 0;
      this.wordIds.push(this.word);
    }
    this.word++;
  }

  /** Adds a word that is one added token. */
  addWord(id: number, start: number, end: number, text: string): void {
    this.added.set(this.values.length, text);
    this.values.push(id);
    this.values.push(start);
    this.values.push(end);
    this.wordIds.push(this.word++);
  }

  toEncoding(): Encoding {
    const count = this.wordIds.length;
    const ids = new Int32Array(count);
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    const { values } = this.values;
    for (let i = 0, t = 0; i < count; i++, t += 3) {
      ids[i] = values[t] ?? 0;
      starts[i] = values[t + 1] ?? 0;
      ends[i] = values[t + 2] ?? 0;
    }
    return { ids, starts, ends, wordIds: this.wordIds.values.slice(0, count) };
  }
}
