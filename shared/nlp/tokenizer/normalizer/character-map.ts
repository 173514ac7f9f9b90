import type { Normalizer } from '../stages.ts';
import { packedEditions } from '../unicode/editions.ts';
import { contains, unpackRanges } from '../unicode/packed-ranges.ts';

/** What a character becomes: itself, another one, or -1 where it is removed. */
type CharacterMap = (codePoint: number) => number;

const removed = -1;
const space = 0x20;

function createCharacterMap(map: CharacterMap, changed: RegExp): Normalizer {
  return {
    keeps: (text) => !changed.test(text),
    normalize(text, from, to, out) {
      for (let i = from; i < to; ) {
        const codePoint = text.codePointAt(i) ?? 0;
        const end = i + (codePoint > 0xffff ? 2 : 1);
        const mapped = map(codePoint);
        if (mapped !== removed) out.pushCodePoint(mapped, i, end);
        i = end;
      }
    },
  };
}

/** Removes combining marks as they stand: what is composed stays, so `NFD` comes before it. */
export function createStripAccents(): Normalizer {
  const marks = unpackRanges(packedEditions.mark);
  const map = (codePoint: number) =>
    codePoint >= 0x300 && contains(marks, codePoint) ? removed : codePoint;
  // Of all runtimes' marks, those of the library are a part but for two.
  return createCharacterMap(map, /[\p{M}\u1cf2\u1cf3]/u);
}

/** SentencePiece's `nmt`: control characters away, what separates or joins to spaces. */
export function createNmt(): Normalizer {
  const map = (codePoint: number) => {
    if (codePoint >= 0x20 && codePoint < 0x7f) return codePoint;
    if (removedByNmt.test(String.fromCodePoint(codePoint))) return removed;
    return blankByNmt.test(String.fromCodePoint(codePoint)) ? space : codePoint;
  };
  return createCharacterMap(map, new RegExp(`${removedByNmt.source}|${blankByNmt.source}`));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const removedByNmt = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/;
const blankByNmt = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/;
