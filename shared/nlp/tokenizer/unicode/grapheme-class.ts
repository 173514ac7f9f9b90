import { packedControls, packedExtenders, packedPrepended } from './grapheme-ranges.ts';

/** Bits of what a character does at the edge of a grapheme cluster. */
export const graphemeClass = {
  /** Belongs to the character before it. */
  extender: 1,
  /** The character after it belongs to it. */
  prepended: 2,
  /** Stands alone. */
  control: 4,
} as const;

let basicPlane: Uint8Array | undefined;
const beyond = new Map<number, number>();

/** The bits of `graphemeClass` that hold for a code point. */
export function graphemeClassOf(codePoint: number): number {
  basicPlane ??= unpack();
  return codePoint < 0x10000 ? (basicPlane[codePoint] ?? 0) : (beyond.get(codePoint) ?? 0);
}

function unpack(): Uint8Array {
  const plane = new Uint8Array(0x10000);
  const packed = [
    [packedExtenders, graphemeClass.extender],
    [packedPrepended, graphemeClass.prepended],
    [packedControls, graphemeClass.control],
  ] as const;
  for (const [runs, bit] of packed) {
    let position = 0;
    for (const run of runs.split(' ')) {
      const [gap = 0, length = 0] = run.split('.').map((part) => Number.parseInt(part, 36));
      position += gap;
      for (const end = position + length; position < end; position++) {
        if (position < 0x10000) plane[position] = bit;
        else beyond.set(position, bit);
      }
    }
  }
  return plane;
}
