import type { DivideStep } from '../pieces.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { propertiesOf, property } from '../unicode/properties.ts';

const { letter, number, space } = property;
const kinds = letter | number | space;
const blank = 0x20;
const apostrophe = 0x27;

/**
 * GPT-2's words, as its regular expression finds them: English endings after an apostrophe; runs of letters, of numbers, or of
 * what is neither, with one space before; runs of white space, but for the last of it where a word follows.
 */
export const divideAsGpt2: DivideStep = (buffer, from, to, words) => {
  const { units } = buffer;
  for (let start = from; start < to; ) {
    let end = units[start] === apostrophe ? endingAt(buffer, start, to) : start;
    if (end === start) {
      const first = units[start] === blank && start + 1 < to ? start + 1 : start;
      const kind = kindAt(buffer, first, to);
      end = kind === space ? spaceEnd(buffer, start, to) : runEnd(buffer, first, to, kind);
    }
    words.push(start);
    words.push(end);
    start = end;
  }
};

function kindAt(buffer: TextBuffer, at: number, to: number): number {
  return propertiesOf(buffer.codePointAt(at, to)) & kinds;
}

/** Where the run of characters of one kind ends. */
function runEnd(buffer: TextBuffer, from: number, to: number, kind: number): number {
  const { units } = buffer;
  let at = from;
  while (at < to) {
    const unit = units[at] ?? 0;
    const paired = (unit & 0xfc00) === 0xd800 && at + 1 < to;
    const codePoint = paired ? buffer.codePointAt(at, to) : unit;
    if ((propertiesOf(codePoint) & kinds) !== kind) break;
    at += paired ? 2 : 1;
  }
  return at;
}

/** Where white space ends that is a word: all of it at the end of the text, else all but the last. */
function spaceEnd(buffer: TextBuffer, from: number, to: number): number {
  const end = runEnd(buffer, from, to, space);
  return end === to || end === from + 1 ? end : end - 1;
}

/** Where `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` ends; `at` where none of them stands there. */
function endingAt({ units }: TextBuffer, at: number, to: number): number {
  const [first, second] = [at + 1 < to ? units[at + 1] : 0, at + 2 < to ? units[at + 2] : 0];
  switch (first) {
    case 0x73: // s
    case 0x74: // t
    case 0x6d: // m
    case 0x64: // d
      return at + 2;
    case 0x72: // r
    case 0x76: // v
      return second === 0x65 ? at + 3 : at;
    case 0x6c: // l
      return second === 0x6c ? at + 3 : at;
    default:
      return at;
  }
}
