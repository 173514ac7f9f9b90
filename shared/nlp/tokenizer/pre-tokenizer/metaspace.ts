import type { PreTokenizer } from '../stages.ts';
import type { TextBuffer } from '../text-buffer.ts';

const space = 0x20;

/** What of SentencePiece's way with spaces is switched on. */
export interface MetaspaceOptions {
  /** What is written for a space. */
  readonly replacement: string;
  /** Which pieces get one before them that have none: every one, the one that the text begins with, or none. */
  readonly prepend: 'always' | 'first' | 'never';
  /** Whether a word begins with each. */
  readonly split: boolean;
}

/** Writes a visible character for each space, as SentencePiece does, and begins a word with each. */
export function createMetaspace({ replacement, prepend, split }: MetaspaceOptions): PreTokenizer {
  const first = replacement.charCodeAt(0);
  const second = replacement.length > 1 ? replacement.charCodeAt(1) : undefined;
  const marked = (buffer: TextBuffer, at: number) =>
    buffer.units[at] === first && (second === undefined || buffer.units[at + 1] === second);

  return {
    split(pieces) {
      pieces.rewrite((buffer, from, to, out) => {
        const { units, starts, ends } = buffer;
        out.reserve((to - from + 1) * replacement.length);
        const begins = units[from] === space || marked(buffer, from);
        const wanted = prepend === 'always' || (prepend === 'first' && starts[from] === 0);
        if (wanted && !begins) out.pushText(replacement, starts[from] ?? 0, ends[from] ?? 0);
        for (let i = from; i < to; i++) {
          const [unit = 0, start = 0, end = 0] = [units[i], starts[i], ends[i]];
          if (unit !== space) {
            out.push(unit, start, end);
          } else {
            out.push(first, start, end);
            if (second !== undefined) out.push(second, start, end);
          }
        }
      });
      if (!split) return;
      pieces.divide((buffer, from, to, words) => {
        let start = from;
        for (let i = from + 1; i < to; i++) {
          if (!marked(buffer, i)) continue;
          words.push(start);
          words.push(i);
          start = i;
        }
        words.push(start);
        words.push(to);
      });
    },
  };
}
