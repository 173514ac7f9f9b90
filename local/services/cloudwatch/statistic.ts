import type { Bucket } from './bucket.ts';

/** A statistic's name: one of the five plain ones or a percentile such as `p99.9`. */
export const STATISTIC = /^(SampleCount|Average|Sum|Minimum|Maximum|p(\d{1,2}(\.\d{1,10})?|100))$/;

/** A statistic of a bucket; undefined where the data cannot tell. */
export function statisticOf(bucket: Bucket, statistic: string): number | undefined {
  if (bucket.sampleCount === 0) return undefined;
  switch (statistic) {
    case 'SampleCount':
      return bucket.sampleCount;
    case 'Average':
      return bucket.sum / bucket.sampleCount;
    case 'Sum':
      return bucket.sum;
    case 'Minimum':
      return bucket.minimum;
    case 'Maximum':
      return bucket.maximum;
    default:
      return percentile(bucket, Number(statistic.slice(1)));
  }
}

/** The value at a percentile, interpolated between neighbours by rank (Hyndman and Fan's type 7). */
function percentile(bucket: Bucket, percent: number): number | undefined {
  if (bucket.opaque) return undefined;
  const sorted = [...bucket.counts].sort(([a], [b]) => a - b);
  const rank = (percent / 100) * (bucket.sampleCount - 1);
  const lower = valueAt(sorted, Math.floor(rank));
  const upper = valueAt(sorted, Math.ceil(rank));
  return lower + (upper - lower) * (rank - Math.floor(rank));
}

function valueAt(sorted: readonly [number, number][], rank: number): number {
  let seen = 0;
  for (const [value, count] of sorted) {
    seen += count;
    if (rank < seen) return value;
  }
  return sorted.at(-1)?.[0] ?? Number.NaN;
}
