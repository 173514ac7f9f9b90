/** Name and value that tell metrics of one name apart. */
export interface Dimension {
  Name: string;
  Value: string;
}

/** What names a metric. */
export interface MetricName {
  Namespace: string;
  MetricName: string;
  Dimensions: Dimension[];
}

/** One checked datum: its buckets start, its unit and what it adds. */
export interface Datum extends MetricName {
  /** Start of the second or minute, epoch seconds. */
  second: number;
  unit: string;
  values?: [value: number, count: number][];
  set?: { sampleCount: number; sum: number; minimum: number; maximum: number };
}

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

interface Metric {
  name: MetricName;
  /** By unit, then by second. */
  units: Map<string, Map<number, Bucket>>;
}

const RETENTION_SECONDS = 15 * 86_400;

/** Every unit, in the order in which CloudWatch chooses where a query names none and the data have several. */
// biome-ignore format: a list to be read as one
export const UNITS = [
  'Megabits', 'Terabits', 'Gigabits', 'Count', 'Bytes', 'Gigabytes', 'Gigabytes/Second', 'Kilobytes',
  'Kilobits/Second', 'Terabytes', 'Terabits/Second', 'Bytes/Second', 'Percent', 'Megabytes', 'Megabits/Second',
  'Milliseconds', 'Microseconds', 'Kilobytes/Second', 'Gigabits/Second', 'Megabytes/Second', 'Bits', 'Bits/Second',
  'Count/Second', 'Seconds', 'Kilobits', 'Terabytes/Second', 'None',
] as const;

/** Unit of a datum. */
export type Unit = (typeof UNITS)[number];

/** Every metric in memory. */
export type MetricStore = ReturnType<typeof createMetricStore>;

/** Every metric in memory. */
export function createMetricStore() {
  const metrics = new Map<string, Metric>();

  const add = (datum: Datum) => {
    const { Namespace, MetricName, second, unit } = datum;
    const Dimensions = sortDimensions(datum.Dimensions);
    const name = { Namespace, MetricName, Dimensions };
    const metric = getOrMake(metrics, keyOf(name), () => ({ name, units: new Map() }));
    const buckets = getOrMake(metric.units, unit, () => new Map<number, Bucket>());
    const bucket = getOrMake(buckets, second, emptyBucket);
    for (const [value, count] of datum.values ?? []) addValue(bucket, value, count);
    if (datum.set) addBucket(bucket, { ...emptyBucket(), ...datum.set, opaque: true });
  };

  /** Buckets of a metric by unit and period start, for start <= time < end, all in epoch seconds. */
  const read = (name: MetricName, range: { start: number; end: number; period: number }) => {
    const found = new Map<string, Map<number, Bucket>>();
    const metric = metrics.get(keyOf({ ...name, Dimensions: sortDimensions(name.Dimensions) }));
    const first = Math.floor(range.start / range.period) * range.period;
    for (const [unit, buckets] of metric?.units ?? []) {
      for (const [second, bucket] of buckets) {
        if (second < first || second >= range.end) continue;
        const periods = getOrMake(found, unit, () => new Map<number, Bucket>());
        const period = Math.floor(second / range.period) * range.period;
        addBucket(getOrMake(periods, period, emptyBucket), bucket);
      }
    }
    return found;
  };

  const forgetOld = (now: number) => {
    for (const [key, metric] of metrics) {
      for (const [unit, buckets] of metric.units) {
        for (const second of buckets.keys()) {
          if (second < now / 1_000 - RETENTION_SECONDS) buckets.delete(second);
        }
        if (buckets.size === 0) metric.units.delete(unit);
      }
      if (metric.units.size === 0) metrics.delete(key);
    }
  };

  /** Everything as data that, added to an empty store, gives the same again. */
  function* dump(): Iterable<Datum> {
    for (const { name, units } of metrics.values()) {
      for (const [unit, buckets] of units) {
        for (const [second, bucket] of buckets)
          yield* dumpBucket({ ...name, second, unit }, bucket);
      }
    }
  }

  const names = () =>
    [...metrics.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { name }]) => name);
  return { add, read, names, dump, forgetOld };
}

function emptyBucket(): Bucket {
  return {
    sampleCount: 0,
    sum: 0,
    minimum: Number.POSITIVE_INFINITY,
    maximum: Number.NEGATIVE_INFINITY,
    counts: new Map(),
    opaque: false,
  };
}

function addValue(bucket: Bucket, value: number, count: number): void {
  bucket.sampleCount += count;
  bucket.sum += value * count;
  bucket.minimum = Math.min(bucket.minimum, value);
  bucket.maximum = Math.max(bucket.maximum, value);
  bucket.counts.set(value, (bucket.counts.get(value) ?? 0) + count);
}

function addBucket(target: Bucket, other: Bucket): void {
  target.sampleCount += other.sampleCount;
  target.sum += other.sum;
  target.minimum = Math.min(target.minimum, other.minimum);
  target.maximum = Math.max(target.maximum, other.maximum);
  target.opaque ||= other.opaque;
  for (const [value, count] of other.counts) {
    target.counts.set(value, (target.counts.get(value) ?? 0) + count);
  }
}

function* dumpBucket(base: Omit<Datum, 'values' | 'set'>, bucket: Bucket): Iterable<Datum> {
  const values = [...bucket.counts];
  if (values.length > 0) yield { ...base, values };
  if (!bucket.opaque) return;
  const known = emptyBucket();
  for (const [value, count] of values) addValue(known, value, count);
  const { minimum, maximum } = bucket;
  const sampleCount = bucket.sampleCount - known.sampleCount;
  yield { ...base, set: { sampleCount, sum: bucket.sum - known.sum, minimum, maximum } };
}

function sortDimensions(dimensions: readonly Dimension[]): Dimension[] {
  return [...dimensions].sort((a, b) => (a.Name < b.Name ? -1 : a.Name > b.Name ? 1 : 0));
}

function keyOf(name: MetricName): string {
  const dimensions = name.Dimensions.map(({ Name, Value }) => [Name, Value]);
  return JSON.stringify([name.Namespace, name.MetricName, dimensions]);
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

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
