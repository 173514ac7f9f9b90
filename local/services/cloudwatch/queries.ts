import { z } from 'zod';
import { ServiceError } from '../operations.ts';
import type { Scope, Series, Value } from './metric-math.ts';
import { constant, evaluate, parseExpression } from './metric-math.ts';
import type { MetricStore } from './metrics.ts';
import { STATISTIC, statisticOf, UNITS } from './metrics.ts';

/** Most points that one GetMetricData answers, and that a series of an expression may have. */
export const MAX_DATAPOINTS = 100_800;
/** Most points that one request may work on, over all of its queries and steps: a fraction of a second. */
const MAX_WORK = 2_000_000;

/** Period in seconds. */
export const periodSchema = z
  .int()
  .max(31_536_000)
  .refine((n) => [1, 5, 10, 20, 30].includes(n) || (n >= 60 && n % 60 === 0), {
    error: 'must be 1, 5, 10, 20, 30 or a multiple of 60',
  });

/** Time in epoch seconds. */
export const timeSchema = z.number().min(0).max(253_402_300_799);

/** Unit of a metric. */
export const unitSchema = z.enum(UNITS).nullish();

/** Dimensions of a metric. */
export const dimensionsSchema = z
  .array(z.object({ Name: z.string().min(1).max(255), Value: z.string().min(1).max(1024) }))
  .max(30);

/** One query of GetMetricData or of a metric math alarm. */
export const querySchema = z
  .object({
    Id: z.string().regex(/^[a-z][A-Za-z0-9_]{0,254}$/, 'must start with a lower-case letter'),
    MetricStat: z
      .object({
        Metric: z.object({
          Namespace: z.string().min(1).max(255),
          MetricName: z.string().min(1).max(255),
          Dimensions: dimensionsSchema.nullish(),
        }),
        Period: periodSchema,
        Stat: z.string().regex(STATISTIC, 'is not a statistic that the local CloudWatch knows'),
        Unit: unitSchema,
      })
      .nullish(),
    Expression: z.string().min(1).max(2048).nullish(),
    Period: periodSchema.nullish(),
    Label: z.string().nullish(),
    ReturnData: z.boolean().nullish(),
  })
  .refine((query) => (query.MetricStat == null) !== (query.Expression == null), {
    error: 'needs either MetricStat or Expression',
  });

/** One query of GetMetricData or of a metric math alarm. */
export type Query = z.output<typeof querySchema>;

/** One series that a query answers with. */
export interface QueryResult {
  id: string;
  label: string;
  series: Series;
}

/**
 * Evaluates queries, metrics and expressions, over start <= time < end (epoch seconds).
 *
 * @throws {ServiceError} where they cannot be evaluated, or ask for more points than a request may
 */
export function runQueries(
  store: MetricStore,
  queries: readonly Query[],
  range: { start: number; end: number },
): QueryResult[] {
  const byId = new Map(queries.map((query) => [query.Id, query]));
  if (byId.size < queries.length) throw invalid('Ids must be unique');
  const done = new Map<string, Value>();
  const open = new Set<string>();
  let work = 0;
  const spend = (points: number) => {
    work += points;
    if (work > MAX_WORK) throw invalid('the request asks for more points than it may');
  };
  const resultOf = (id: string): Value => {
    const known = done.get(id);
    if (known !== undefined) return known;
    const query = byId.get(id);
    if (query === undefined) throw invalid(`Id ${id} is not one of the queries`);
    if (open.has(id)) throw invalid(`Id ${id} refers to itself`);
    open.add(id);
    const value = query.MetricStat
      ? readMetric(store, query.MetricStat, range, spend)
      : evaluate(parseExpression(query.Expression ?? ''), scopeOf(query));
    done.set(id, value);
    return value;
  };
  const scopeOf = (query: Query): Scope => ({
    lookup: resultOf,
    metrics: () =>
      queries.filter((other) => other.MetricStat).map((other) => resultOf(other.Id) as Series),
    times: () => timesOf(range, query.MetricStat?.Period ?? query.Period ?? longestPeriod(queries)),
    spend,
  });

  const label = labeller(queries);
  return queries
    .filter((query) => query.ReturnData !== false)
    .flatMap((query) => {
      const value = resultOf(query.Id);
      const all = Array.isArray(value) ? value : [value];
      return all.map((one) => ({
        id: query.Id,
        label: label(query),
        series: typeof one === 'number' ? constant(one, scopeOf(query)) : one,
      }));
    });
}

/** Labels where a query gives none: a metric's name, with what tells several apart, or an expression's id. */
function labeller(queries: readonly Query[]): (query: Query) => string {
  const stats = queries.flatMap(({ MetricStat }) => MetricStat ?? []);
  const differ = (of: (stat: (typeof stats)[number]) => unknown) => new Set(stats.map(of)).size > 1;
  const [byStat, byPeriod] = [differ(({ Stat }) => Stat), differ(({ Period }) => Period)];
  return ({ Id, Label, MetricStat }) => {
    if (Label || !MetricStat) return Label ?? Id;
    const { Metric, Stat, Period } = MetricStat;
    return [Metric.MetricName, ...(byStat ? [Stat] : []), ...(byPeriod ? [Period] : [])].join(' ');
  };
}

/** The longest period among the metrics of some queries; a minute where there is none. */
export function longestPeriod(queries: readonly Query[]): number {
  const periods = queries.map((query) => query.MetricStat?.Period ?? query.Period ?? 0);
  return periods.reduce((most, period) => Math.max(most, period), 0) || 60;
}

function readMetric(
  store: MetricStore,
  { Metric, Period, Stat, Unit }: NonNullable<Query['MetricStat']>,
  range: { start: number; end: number },
  spend: (points: number) => void,
): Series {
  const name = { ...Metric, Dimensions: Metric.Dimensions ?? [] };
  const units = store.read(name, { ...range, period: Period });
  const unit = Unit ?? UNITS.find((one) => units.has(one)) ?? 'None';
  const buckets = units.get(unit) ?? [];
  const series: Series = new Map();
  for (const [time, bucket] of [...buckets].sort(([a], [b]) => a - b)) {
    spend(1 + bucket.counts.size);
    const value = statisticOf(bucket, Stat);
    if (value !== undefined) series.set(time, value);
  }
  return series;
}

function timesOf({ start, end }: { start: number; end: number }, period: number): number[] {
  if ((end - start) / period > MAX_DATAPOINTS) {
    throw invalid(
      `You have requested up to ${Math.ceil((end - start) / period)} datapoints, which exceeds the limit of ${MAX_DATAPOINTS}`,
    );
  }
  const times: number[] = [];
  for (let time = Math.floor(start / period) * period; time < end; time += period) times.push(time);
  return times;
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `MetricDataQueries: ${message}`);
}
