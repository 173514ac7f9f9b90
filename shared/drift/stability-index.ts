/** How many of some texts fell into each bin; parts of texts too. */
export type Counts = readonly number[];

/** Added to each bin, in texts: an empty one would make the index infinite. */
const SMOOTHING = 0.5;

/**
 * The population stability index of two lists of the same bins: the sum over them of (p - q) ln(p / q), where p and q are
 * their shares. 0 where they are equal, the same both ways; by custom under 0.1 is alike, over 0.25 different. Bins that are
 * empty in both do not count.
 */
export function stabilityIndex(reference: Counts, present: Counts): number {
  const bins = binsOf(reference, present);
  const [p, q] = [reference, present].map((counts) => {
    const all = sumOf(counts) + SMOOTHING * bins.length;
    return bins.map((bin) => ((counts[bin] ?? 0) + SMOOTHING) / all);
  }) as [number[], number[]];
  return p.reduce((sum, share, at) => {
    const other = q[at] ?? 0;
    return sum + (share - other) * Math.log(share / other);
  }, 0);
}

/**
 * What the index is though nothing has changed, of B bins with n and m texts that do not hang together: (B - 1) (1/n + 1/m) in
 * the mean, as of a chi-square with B - 1 degrees of freedom, and how far one value is from that. Less where texts are shared
 * among bins.
 */
export function chanceOf(reference: Counts, present: Counts): { mean: number; deviation: number } {
  const freedom = binsOf(reference, present).length - 1;
  if (freedom <= 0) return { mean: 0, deviation: 0 };
  const noise = 1 / sumOf(reference) + 1 / sumOf(present);
  return { mean: freedom * noise, deviation: Math.sqrt(2 * freedom) * noise };
}

/** The bins that are not empty in both. */
function binsOf(reference: Counts, present: Counts): number[] {
  const all = Math.max(reference.length, present.length);
  return Array.from({ length: all }, (_, bin) => bin).filter(
    (bin) => (reference[bin] ?? 0) > 0 || (present[bin] ?? 0) > 0,
  );
}

/** All of some counts. */
export const sumOf = (counts: Counts): number => counts.reduce((sum, count) => sum + count, 0);
