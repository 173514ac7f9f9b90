import { writeBytes } from '../byte-alphabet.ts';
import type { PreTokenizer } from '../stages.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { divideAsGpt2 } from './gpt2-words.ts';

const space = 0x20;

/** GPT-2's words, written as their bytes. */
export function createByteLevel(addPrefixSpace: boolean, useRegex: boolean): PreTokenizer {
  return {
    split(pieces) {
      if (addPrefixSpace) pieces.rewrite(prefixSpace);
      if (useRegex) pieces.divide(divideAsGpt2);
      pieces.rewrite(writeBytes);
    },
  };
}

/** A space before what begins with none; it has the span of the first character. */
function prefixSpace(buffer: TextBuffer, from: number, to: number, out: TextBuffer): void {
  out.reserve(to - from + 1);
  if (buffer.units[from] !== space) {
    out.push(space, buffer.starts[from] ?? 0, buffer.ends[from] ?? 0);
  }
  out.copy(buffer, from, to);
}
