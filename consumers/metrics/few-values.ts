const MOST_VALUES = 150;
const FINEST = 4_096;

/** Values with their counts, at most 150 of them: rounded as little as that takes, by ever coarser steps of their size. */
export function fewValues(all: readonly number[]): { values: number[]; counts: number[] } {
  for (let steps = FINEST; ; steps /= 2) {
    const counts = new Map<number, number>();
    for (const value of all) {
      const bucket = steps === FINEST ? value : roundTo(value, steps);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    if (counts.size <= MOST_VALUES || steps < 1) {
      const sorted = [...counts].sort(([a], [b]) => a - b);
      return { values: sorted.map(([value]) => value), counts: sorted.map(([, count]) => count) };
    }
  }
}

/** Rounds so that each doubling of size has `steps` steps: an error of at most one part in twice as many. */
function roundTo(value: number, steps: number): number {
  if (value === 0) return 0;
  const step = 2 ** Math.floor(Math.log2(value)) / steps;
  return Math.round(value / step) * step;
}
