/** What a metric took in during one second or one minute. */
export interface Bucket {
  sampleCount: number;
  sum: number;
  minimum: number;
  maximum: number;
  /** How often each value came; percentiles come from it. */
  counts: Map<number, number>;
  /** A statistic set of more than one value took part, so that percentiles are unknown. */
  opaque: boolean;
}

/** A bucket with nothing in it. */
export function emptyBucket(): Bucket {
  return {
    sampleCount: 0,
    sum: 0,
    minimum: Number.POSITIVE_INFINITY,
    maximum: Number.NEGATIVE_INFINITY,
    counts: new Map(),
    opaque: false,
  };
}

/** Adds a value that came so many times. */
export function addValue(bucket: Bucket, value: number, count: number): void {
  bucket.sampleCount += count;
  bucket.sum += value * count;
  bucket.minimum = Math.min(bucket.minimum, value);
  bucket.maximum = Math.max(bucket.maximum, value);
  bucket.counts.set(value, (bucket.counts.get(value) ?? 0) + count);
}

/** Adds another bucket's contents. */
export function addBucket(target: Bucket, other: Bucket): void {
  target.sampleCount += other.sampleCount;
  target.sum += other.sum;
  target.minimum = Math.min(target.minimum, other.minimum);
  target.maximum = Math.max(target.maximum, other.maximum);
  target.opaque ||= other.opaque;
  for (const [value, count] of other.counts) {
    target.counts.set(value, (target.counts.get(value) ?? 0) + count);
  }
}
