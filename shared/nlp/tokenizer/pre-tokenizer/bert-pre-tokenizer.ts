import type { DivideStep } from '../pieces.ts';
import type { PreTokenizer } from '../stages.ts';
import { characterClass, classOf } from '../unicode/character-class.ts';

const { separator, punctuation } = characterClass;
const boundary = separator | punctuation;

/** BERT's words: runs between white space, each punctuation mark a word of its own. */
export function createBertPreTokenizer(): PreTokenizer {
  return { split: (pieces) => pieces.divide(divide) };
}

const divide: DivideStep = (buffer, from, to, words) => {
  const { units } = buffer;
  let start = from;
  for (let i = from; i < to; ) {
    const unit = units[i] ?? 0;
    const paired = unit >= 0xd800 && unit < 0xdc00 && i + 1 < to;
    const kind = classOf(paired ? buffer.codePointAt(i, to) : unit);
    const next = paired ? i + 2 : i + 1;
    if (kind & boundary) {
      if (i > start) {
        words.push(start);
        words.push(i);
      }
      if (kind & punctuation) {
        words.push(i);
        words.push(next);
      }
      start = next;
    }
    i = next;
  }
  if (to > start) {
    words.push(start);
    words.push(to);
  }
};
