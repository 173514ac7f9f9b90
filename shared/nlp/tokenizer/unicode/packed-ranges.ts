/** Ranges of code points: start and end of each, in ascending order. */
export type Ranges = Int32Array;

/** Reads runs written as `gap.length` in base 36. */
export function unpackRanges(packed: string): Ranges {
  const bounds: number[] = [];
  let position = 0;
  for (const run of packed.split(' ')) {
    const [gap = '0', length = '0'] = run.split('.');
    const start = position + Number.parseInt(gap, 36);
    position = start + Number.parseInt(length, 36);
    bounds.push(start, position);
  }
  return Int32Array.from(bounds);
}

/** Whether a code point lies in one of the ranges. */
export function contains(ranges: Ranges, codePoint: number): boolean {
  let low = 0;
  let high = ranges.length;
  // How many bounds are at or before the code point: an odd number inside a range.
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] ?? 0) <= codePoint) low = middle + 1;
    else high = middle;
  }
  return (low & 1) === 1;
}
