import type { Bucket } from './bucket.ts';
import { addBucket, addValue, emptyBucket } from './bucket.ts';

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

interface Metric {
  name: MetricName;
  /** By unit, then by second. */
  units: Map<string, Map<number, Bucket>>;
}

const RETENTION_SECONDS = 15 * 86_400;

/** Every metric in memory. */
export function createMetricStore() {
  const metrics = new Map<string, Metric>();

  const add = (datum: Datum) => {
    const name = { ...datum, Dimensions: sortDimensions(datum.Dimensions) };
    const metric = getOrMake(metrics, keyOf(name), () => ({
      name: {
        Namespace: name.Namespace,
        MetricName: name.MetricName,
        Dimensions: name.Dimensions,
      },
      units: new Map(),
    }));
    const buckets = getOrMake(metric.units, datum.unit, () => new Map<number, Bucket>());
    const bucket = getOrMake(buckets, datum.second, emptyBucket);
    for (const [value, count] of datum.values ?? []) addValue(bucket, value, count);
    if (datum.set) addBucket(bucket, { ...emptyBucket(), ...datum.set, opaque: true });
  };

  /** Buckets of a metric by period start, for start <= time < end, all in epoch seconds. */
  const read = (
    name: MetricName,
    range: { start: number; end: number; period: number; unit?: string | undefined },
  ): Map<number, Bucket> => {
    const result = new Map<number, Bucket>();
    const metric = metrics.get(keyOf({ ...name, Dimensions: sortDimensions(name.Dimensions) }));
    const first = Math.floor(range.start / range.period) * range.period;
    for (const [unit, buckets] of metric?.units ?? []) {
      if (range.unit !== undefined && range.unit !== unit) continue;
      for (const [second, bucket] of buckets) {
        if (second < first || second >= range.end) continue;
        const period = Math.floor(second / range.period) * range.period;
        addBucket(getOrMake(result, period, emptyBucket), bucket);
      }
    }
    return result;
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

/** Every metric in memory. */
export type MetricStore = ReturnType<typeof createMetricStore>;

function* dumpBucket(base: Omit<Datum, 'values' | 'set'>, bucket: Bucket): Iterable<Datum> {
  const values = [...bucket.counts];
  if (values.length > 0) yield { ...base, values };
  if (!bucket.opaque) return;
  const known = emptyBucket();
  for (const [value, count] of values) addValue(known, value, count);
  const { minimum, maximum } = bucket;
  yield {
    ...base,
    set: {
      sampleCount: bucket.sampleCount - known.sampleCount,
      sum: bucket.sum - known.sum,
      minimum,
      maximum,
    },
  };
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
