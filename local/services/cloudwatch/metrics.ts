import { randomUUID } from 'node:crypto';
import { type KeyValueStore, type StoreOperation, startingWith } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';
import { digest, padded, valuesOf } from './keys.ts';
import type { MetricName } from './schemas.ts';

/** Statistics of values that are not known one by one. */
export interface StatisticSet {
  SampleCount: number;
  Sum: number;
  Minimum: number;
  Maximum: number;
}

/** One checked datum of a metric. */
export interface Datum {
  metric: MetricName;
  /** Start of its second or minute, epoch seconds. */
  second: number;
  unit: string;
  values: [value: number, count: number][];
  set?: StatisticSet | undefined;
}

/** What a metric took in during one period. */
export interface Bucket extends StatisticSet {
  /** How often each value came; percentiles come from it. */
  counts: Map<number, number>;
  /** A statistic set took part, so that percentiles are unknown. */
  opaque: boolean;
}

/** Told how many points are being worked on; throws where a request has used up what it may. */
export type Spend = (points: number) => void;

/** Most points that one request may work on, over all of its queries and steps. */
const MAX_WORK = 2_000_000;

/** What one request may spend. */
export function createBudget(): Spend {
  let work = 0;
  return (points) => {
    work += points;
    if (work > MAX_WORK) {
      throw new ServiceError('ValidationError', 'the request asks for more points than it may');
    }
  };
}

const METRIC = 'metric/';

/** Every metric, each datum an entry under its metric and its time. */
export type MetricStore = ReturnType<typeof createMetricStore>;

/** Every metric, each datum an entry under its metric and its time. */
export function createMetricStore(db: KeyValueStore) {
  const idOf = ({ Namespace, MetricName, Dimensions }: MetricName) =>
    digest(Namespace, MetricName, ...Dimensions.map(({ Name, Value }) => [Name, Value]).sort());
  const keyOf = (id: string, second: number) => `datum/${id}/${padded(second)}/`;

  return {
    /** Keeps all of the data or none. */
    put: (data: readonly Datum[]) =>
      db.batch(
        data.flatMap(({ metric, ...datum }): StoreOperation[] => {
          const id = idOf(metric);
          return [
            { type: 'put', key: `${METRIC}${id}`, value: metric },
            { type: 'put', key: `${keyOf(id, datum.second)}${randomUUID()}`, value: datum },
          ];
        }),
      ),
    names: () => valuesOf<MetricName>(db, METRIC),
    /** Buckets of a metric by unit and period start, in order of time, for start <= time < end, all in epoch seconds. */
    async read(
      metric: MetricName,
      { start, end, period }: { start: number; end: number; period: number },
      spend: Spend,
    ) {
      const units = new Map<string, Map<number, Bucket>>();
      const id = idOf(metric);
      const first = Math.floor(start / period) * period;
      const range = { gte: keyOf(id, first), lt: keyOf(id, Math.ceil(end)) };
      for await (const [, value] of db.iterator(range)) {
        const datum = value as Omit<Datum, 'metric'>;
        spend(1 + datum.values.length);
        const buckets = getOrMake(units, datum.unit, () => new Map<number, Bucket>());
        const time = Math.floor(datum.second / period) * period;
        addDatum(getOrMake(buckets, time, emptyBucket), datum);
      }
      return units;
    },
    /** Forgets data before a time, epoch seconds, and the metrics that have no other. */
    async forget(before: number) {
      for await (const [key] of db.iterator(startingWith(METRIC))) {
        const id = key.slice(METRIC.length);
        await db.clear({ gte: keyOf(id, 0), lt: keyOf(id, before) });
        let isEmpty = true;
        for await (const _ of db.iterator({ ...startingWith(`datum/${id}/`), limit: 1 })) {
          isEmpty = false;
        }
        if (isEmpty) await db.batch([{ type: 'del', key }]);
      }
    },
  };
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function emptyBucket(): Bucket {
  const [Minimum, Maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { SampleCount: 0, Sum: 0, Minimum, Maximum, counts: new Map(), opaque: false };
}

function addDatum(bucket: Bucket, { values, set }: Pick<Datum, 'values' | 'set'>): void {
  for (const [value, count] of values) {
    bucket.counts.set(value, (bucket.counts.get(value) ?? 0) + count);
    addSet(bucket, { SampleCount: count, Sum: value * count, Minimum: value, Maximum: value });
  }
  if (set === undefined) return;
  addSet(bucket, set);
  bucket.opaque = true;
}

function addSet(bucket: Bucket, set: StatisticSet): void {
  bucket.SampleCount += set.SampleCount;
  bucket.Sum += set.Sum;
  bucket.Minimum = Math.min(bucket.Minimum, set.Minimum);
  bucket.Maximum = Math.max(bucket.Maximum, set.Maximum);
}

/** A statistic of a bucket; undefined where the data cannot tell. */
export function statisticOf(bucket: Bucket, statistic: string): number | undefined {
  if (bucket.SampleCount === 0) return undefined;
  if (statistic === 'Average') return bucket.Sum / bucket.SampleCount;
  if (!statistic.startsWith('p')) return bucket[statistic as keyof StatisticSet];
  return bucket.opaque ? undefined : percentile(bucket, Number(statistic.slice(1)));
}

/** The value at a percentile, interpolated between neighbours by rank (Hyndman and Fan's type 7). */
function percentile({ counts, SampleCount }: Bucket, percent: number): number {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const rank = (percent / 100) * (SampleCount - 1);
  const lower = valueAt(sorted, Math.floor(rank));
  return lower + (valueAt(sorted, Math.ceil(rank)) - lower) * (rank - Math.floor(rank));
}

function valueAt(sorted: readonly [number, number][], rank: number): number {
  let seen = 0;
  for (const [value, count] of sorted) {
    seen += count;
    if (rank < seen) return value;
  }
  return sorted.at(-1)?.[0] ?? Number.NaN;
}
