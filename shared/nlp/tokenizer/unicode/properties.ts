import { packedEditions } from './editions.ts';
import { unpackRanges } from './packed-ranges.ts';

/** Bits of what a character is to pre-tokenizers. */
export const property = { letter: 1, number: 2, space: 4, word: 8, numeric: 16 } as const;

/**
 * Members of a character class (`v` flag) that are too new for the library's regular expressions, which know Unicode 16; a
 * runtime that knows a newer one must be told.
 */
export const newerClass = classOfRanges(unpackRanges(packedEditions.newer));

const tests: readonly (readonly [number, RegExp])[] = [
  [property.letter, new RegExp(`^[\\p{L}--${newerClass}]$`, 'v')],
  [property.number, new RegExp(`^[\\p{N}--${newerClass}]$`, 'v')],
  [property.space, /^\p{White_Space}$/u],
  // Rust's own: what an added token that stands alone must not touch, and the words of `Whitespace`.
  [
    property.word,
    new RegExp(`^[[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]--${newerClass}]$`, 'v'),
  ],
  [property.numeric, /^\p{N}$/u],
];

const PAGE = 256;
/** Properties by code point, in pages that are filled when a text first needs them. */
const pages: (Uint8Array | undefined)[] = [];

/** The bits of `property` that hold for a code point. */
export function propertiesOf(codePoint: number): number {
  const page = pages[codePoint >> 8] ?? fillPage(codePoint >> 8);
  return page[codePoint & (PAGE - 1)] ?? 0;
}

function fillPage(index: number): Uint8Array {
  const page = Uint8Array.from({ length: PAGE }, (_, i) => {
    const character = String.fromCodePoint(index * PAGE + i);
    return tests.reduce((bits, [bit, test]) => (test.test(character) ? bits | bit : bits), 0);
  });
  pages[index] = page;
  return page;
}

function classOfRanges(ranges: Int32Array): string {
  let text = '';
  const hex = (codePoint: number) => `\\u{${codePoint.toString(16)}}`;
  for (let i = 0; i < ranges.length; i += 2) {
    text += `${hex(ranges[i] ?? 0)}-${hex((ranges[i + 1] ?? 0) - 1)}`;
  }
  return `[${text}]`;
}
