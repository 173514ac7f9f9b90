import { packedCombiningClasses, packedRanges } from './ranges.ts';

/** Bits of a character's class. */
export const characterClass = {
  removed: 1,
  blank: 2,
  separator: 4,
  ideograph: 8,
  mark: 16,
  punctuation: 32,
  whole: 64,
} as const;

const basicPlane = new Uint8Array(0x10000);
/** Beyond the basic plane: where a run of equal class starts, ascending, and its class. */
const { runStarts, runClasses } = unpack();

/** The bits of `characterClass` that hold for a code point. */
export function classOf(codePoint: number): number {
  if (codePoint < 0x10000) return basicPlane[codePoint] ?? 0;
  let low = 0;
  let high = runStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((runStarts[middle] ?? 0) <= codePoint) low = middle;
    else high = middle - 1;
  }
  return runClasses[low] ?? 0;
}

let combiningClasses: Map<number, number> | undefined;

/** The canonical combining class of a code point: 0 for what starts a new character, else its place among the marks on one. */
export function combiningClassOf(codePoint: number): number {
  combiningClasses ??= unpackCombiningClasses();
  return combiningClasses.get(codePoint) ?? 0;
}

function unpackCombiningClasses(): Map<number, number> {
  const classes = new Map<number, number>();
  let position = 0;
  for (const run of packedCombiningClasses.split(' ')) {
    const [gap = 0, length = 0, kind = 0] = run.split('.').map((part) => Number.parseInt(part, 36));
    position += gap;
    for (const end = position + length; position < end; position++) classes.set(position, kind);
  }
  return classes;
}

function unpack(): { runStarts: Int32Array; runClasses: Uint8Array } {
  // Each class is on or off from a boundary on; between two boundaries the class is constant.
  const boundaries = new Map<number, number>([[0x10000, 0]]);
  const flip = (at: number, bit: number) => boundaries.set(at, (boundaries.get(at) ?? 0) ^ bit);
  for (const [name, packed] of Object.entries(packedRanges)) {
    const bit = characterClass[name as keyof typeof packedRanges];
    let position = 0;
    for (const run of packed.split(' ')) {
      const [gap = '0', length = '0'] = run.split('.');
      const start = position + Number.parseInt(gap, 36);
      position = start + Number.parseInt(length, 36);
      flip(start, bit);
      flip(position, bit);
    }
  }
  const starts: number[] = [];
  const classes: number[] = [];
  let current = 0;
  let from = 0;
  for (const [at, change] of [...boundaries].sort((a, b) => a[0] - b[0])) {
    if (from < 0x10000) basicPlane.fill(current, from, at);
    from = at;
    current ^= change;
    if (at < 0x10000) continue;
    starts.push(at);
    classes.push(current);
  }
  return { runStarts: Int32Array.from(starts), runClasses: Uint8Array.from(classes) };
}
