import type { Normalizer } from '../stages.ts';

/** Lower case, one character after another: that of a whole string depends on context, which the library ignores. */
export function createLowercase(): Normalizer {
  const known = new Map<number, string>();
  const lowerOf = (codePoint: number): string => {
    const lower = String.fromCodePoint(codePoint).toLowerCase();
    known.set(codePoint, lower);
    return lower;
  };
  return {
    keeps: (text) => text.toLowerCase() === text,
    normalize(text, from, to, out) {
      out.reserve(to - from);
      for (let i = from; i < to; ) {
        const codePoint = text.codePointAt(i) ?? 0;
        const end = i + (codePoint > 0xffff ? 2 : 1);
        if (codePoint < 0x80) {
          const upper = codePoint >= 0x41 && codePoint <= 0x5a;
          out.pushCodePoint(upper ? codePoint | 0x20 : codePoint, i, end);
        } else {
          out.pushText(known.get(codePoint) ?? lowerOf(codePoint), i, end);
        }
        i = end;
      }
    },
  };
}
