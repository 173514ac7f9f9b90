import { createHash } from 'node:crypto';
import { entry, type KeyValueStore, startingWith, valuesOf } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';
import type { MetricName } from './schemas.ts';

/** Statistics of values that are not known one by one. */
interface StatisticSet {
  SampleCount: number;
  Sum: number;
  Minimum: number;
  Maximum: number;
}

/** One checked datum of a metric, as it is kept. */
export interface Datum {
  /** Start of its second or minute, epoch seconds. */
  second: number;
  unit: string;
  /** How often each value came; percentiles come from it. */
  values: [value: number, count: number][];
  set?: StatisticSet | undefined;
}

/** What a metric took in during one period, whose start is its second, in one unit. */
export type Datapoint = ReturnType<typeof gather>;

/** Told how many points are being worked on; throws where a request has used up what it may. */
export type Spend = (points: number) => void;

/** Most points that one request may work on, over all of its queries and steps: three percentiles of a busy day are within it. */
const MAX_WORK = 3_000_000;

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

/** A name of any characters as part of a key: as long as any other, and ASCII. */
export function digest(...names: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex');
}

/** Seconds as part of a key, so that keys stand in their order. */
export function padded(seconds: number): string {
  return String(Math.floor(seconds)).padStart(15, '0');
}

function idOf({ Namespace, MetricName, Dimensions }: MetricName): string {
  return digest(
    Namespace,
    MetricName,
    ...Dimensions.map(({ Name, Value }) => [Name, Value]).sort(),
  );
}

const keyOf = (id: string, second: number) => `datum/${id}/${padded(second)}/`;

/**
 * Keeps all of the data or none: what a metric took in at one time, in one unit, is one entry, so that a day of a busy stream
 * is read as fast as any. Calls must follow one another.
 */
export async function putData(
  store: KeyValueStore,
  data: readonly [metric: MetricName, datum: Datum][],
): Promise<void> {
  const entries = new Map<string, unknown>();
  for (const [metric, datum] of data) {
    const id = idOf(metric);
    const key = `${keyOf(id, datum.second)}${datum.unit}`;
    const known = (entries.get(key) ?? store.getSync(key)) as Datum | undefined;
    const kept = gather(datum, known && gather(known));
    entries.set(`${METRIC}${id}`, metric);
    entries.set(key, { ...kept, values: [...kept.values] });
  }
  await store.commit(Array.from(entries, ([key, value]) => entry(key, value)));
}

type Gathered = Pick<Datum, 'set'> & { values: Map<number, number> };

/** A datum together with what was gathered before, whose values go on in the same map. */
function gather(datum: Datum, before?: Gathered) {
  const values = before?.values ?? new Map<number, number>();
  for (const [value, count] of datum.values) values.set(value, (values.get(value) ?? 0) + count);
  const sets = [before?.set, datum.set].filter((set) => set !== undefined);
  return { ...datum, values, ...(sets.length > 0 && { set: sets.reduce(added) }) };
}

const added = (a: StatisticSet, b: StatisticSet): StatisticSet => ({
  SampleCount: a.SampleCount + b.SampleCount,
  Sum: a.Sum + b.Sum,
  Minimum: Math.min(a.Minimum, b.Minimum),
  Maximum: Math.max(a.Maximum, b.Maximum),
});

/** Every metric that has data. */
export const metricsOf = (store: KeyValueStore) => valuesOf<MetricName>(store, METRIC);

/** Datapoints of a metric in order of time, for start <= time < end, all in epoch seconds. */
export async function readDatapoints(
  store: KeyValueStore,
  metric: MetricName,
  { start, end, period }: { start: number; end: number; period: number },
  spend: Spend,
): Promise<Datapoint[]> {
  const datapoints = new Map<string, Datapoint>();
  const id = idOf(metric);
  const first = Math.floor(start / period) * period;
  const range = { gte: keyOf(id, first), lt: keyOf(id, Math.ceil(end)) };
  for await (const [, value] of store.iterator(range)) {
    const datum = value as Datum;
    spend(1 + datum.values.length);
    const second = Math.floor(datum.second / period) * period;
    const name = `${second} ${datum.unit}`;
    datapoints.set(name, gather({ ...datum, second }, datapoints.get(name)));
  }
  return [...datapoints.values()];
}

/** Forgets data before a time, epoch seconds, and the metrics that have no other. */
export async function forgetData(store: KeyValueStore, before: number): Promise<void> {
  for await (const [key] of store.iterator(startingWith(METRIC))) {
    const id = key.slice(METRIC.length);
    await store.clear({ gte: keyOf(id, 0), lt: keyOf(id, before) });
    const left = await store.iterator({ ...startingWith(`datum/${id}/`), limit: 1 }).all();
    if (left.length === 0) await store.commit([entry(key, undefined)]);
  }
}

/** A statistic of a datapoint; undefined where the data cannot tell. */
export function statisticOf({ values, set }: Datapoint, statistic: string): number | undefined {
  const singles = Array.from(values, ([value, count]): StatisticSet => {
    return { SampleCount: count, Sum: value * count, Minimum: value, Maximum: value };
  });
  const total = (set ? [set, ...singles] : singles).reduce(added);
  if (total.SampleCount === 0) return undefined;
  if (statistic === 'Average') return total.Sum / total.SampleCount;
  if (!statistic.startsWith('p')) return total[statistic as keyof StatisticSet];
  if (set) return undefined;
  return percentile(values, (Number(statistic.slice(1)) / 100) * (total.SampleCount - 1));
}

/** The value at a rank, interpolated between neighbours (Hyndman and Fan's type 7). */
function percentile(counts: ReadonlyMap<number, number>, rank: number): number {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const valueAt = (wanted: number) => {
    let seen = 0;
    const reached = sorted.find(([, count]) => {
      seen += count;
      return wanted < seen;
    });
    return (reached ?? sorted.at(-1))?.[0] ?? Number.NaN;
  };
  const lower = valueAt(Math.floor(rank));
  return lower + (valueAt(Math.ceil(rank)) - lower) * (rank - Math.floor(rank));
}
