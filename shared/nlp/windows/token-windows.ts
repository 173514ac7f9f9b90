/** A run of a text's tokens that the model reads at once. */
export interface TokenRange {
  /** First token. */
  readonly from: number;
  /** One after the last token. */
  readonly to: number;
}

/** A window, and the part of it whose predictions count. */
export interface TokenWindow extends TokenRange {
  readonly owns: TokenRange;
}

/**
 * Cuts a text into overlapping windows. Each token belongs to the window in which it lies farthest
 * from an edge that cuts the text: there the model sees most of what surrounds it.
 *
 * @param count tokens of the text, special tokens not counted
 * @param capacity tokens that fit into a window
 * @param overlap tokens that consecutive windows share
 */
export function tokenWindows(count: number, capacity: number, overlap: number): TokenWindow[] {
  if (capacity < 1 || overlap < 0 || overlap >= capacity) {
    throw new RangeError(`overlap ${overlap} must be below the window's ${capacity} tokens`);
  }
  const ranges: TokenRange[] = [];
  for (let from = 0; from < count; from += capacity - overlap) {
    const to = Math.min(from + capacity, count);
    ranges.push({ from, to });
    if (to === count) break;
  }
  return ranges.map((range, index) => {
    const before = ranges[index - 1];
    const after = ranges[index + 1];
    return {
      ...range,
      owns: {
        from: before ? boundary(before, range) : range.from,
        to: after ? boundary(range, after) : range.to,
      },
    };
  });
}

function boundary(left: TokenRange, right: TokenRange): number {
  return Math.floor((left.to - 1 + right.from) / 2) + 1;
}
