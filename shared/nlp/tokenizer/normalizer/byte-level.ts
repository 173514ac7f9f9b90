import { writeBytes } from '../byte-alphabet.ts';
import type { Normalizer } from '../stages.ts';
import { TextBuffer } from '../text-buffer.ts';

/** Writes a text as its bytes, in the alphabet that byte-level vocabularies are spelled in. */
export function createByteLevelNormalizer(): Normalizer {
  const given = new TextBuffer();
  return {
    normalize(text, from, to, out) {
      given.length = 0;
      given.copyText(text, from, to);
      writeBytes(given, 0, given.length, out);
    },
  };
}
