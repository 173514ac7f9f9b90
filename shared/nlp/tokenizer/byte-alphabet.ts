import type { TextBuffer } from './text-buffer.ts';

/** What a space is written as. */
export const byteSpace = 0x120;

/**
 * GPT-2's alphabet: a printable character for each byte. Those that print in Latin-1 stand for themselves, the others for
 * the ones from U+0100 on, in order.
 */
export const byteCharacters = makeAlphabet();

/** Appends the bytes of a part of `buffer` in UTF-8, a character each; every one has its own character's span. */
export function writeBytes(buffer: TextBuffer, from: number, to: number, out: TextBuffer): void {
  const { units, starts, ends } = buffer;
  out.reserve((to - from) * 3);
  for (let i = from; i < to; i++) {
    const [unit = 0, start = 0, end = 0] = [units[i], starts[i], ends[i]];
    if (unit < 0x80) {
      out.push(byteCharacters[unit] ?? 0, start, end);
    } else if (unit < 0x800) {
      out.push(byteCharacters[0xc0 | (unit >> 6)] ?? 0, start, end);
      out.push(byteCharacters[0x80 | (unit & 0x3f)] ?? 0, start, end);
    } else {
      const codePoint = buffer.codePointAt(i, to);
      if (codePoint > 0xffff) {
        i++;
        out.push(byteCharacters[0xf0 | (codePoint >> 18)] ?? 0, start, end);
        out.push(byteCharacters[0x80 | ((codePoint >> 12) & 0x3f)] ?? 0, start, end);
      } else {
        out.push(byteCharacters[0xe0 | (codePoint >> 12)] ?? 0, start, end);
      }
      out.push(byteCharacters[0x80 | ((codePoint >> 6) & 0x3f)] ?? 0, start, end);
      out.push(byteCharacters[0x80 | (codePoint & 0x3f)] ?? 0, start, end);
    }
  }
}

function makeAlphabet(): Uint16Array {
  let next = 0x100;
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    const prints = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return prints ? byte : next++;
  });
}
