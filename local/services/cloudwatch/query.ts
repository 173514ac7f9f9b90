import { z } from 'zod';
import { ServiceError } from '../service-error.ts';
import type { Scope, Series, Value } from './math/evaluate.ts';
import { constant, evaluate } from './math/evaluate.ts';
import { parseExpression } from './math/parse.ts';
import type { MetricStore } from './metric-store.ts';
import { STATISTIC, statisticOf } from './statistic.ts';

/** Period in seconds. */
export const periodSchema = z
  .int()
  .refine((n) => [1, 5, 10, 20, 30].includes(n) || (n >= 60 && n % 60 === 0), {
    error: 'must be 1, 5, 10, 20, 30 or a multiple of 60',
  });

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
        Unit: z.string().nullish(),
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

/** Evaluates queries, metrics and expressions, over start <= time < end (epoch seconds). */
export function runQueries(
  store: MetricStore,
  queries: readonly Query[],
  range: { start: number; end: number },
): QueryResult[] {
  const byId = new Map(queries.map((query) => [query.Id, query]));
  if (byId.size < queries.length) throw invalid('Ids must be unique');
  const done = new Map<string, Value>();
  const open = new Set<string>();

  const periodOf = (id: string): number => {
    const query = byId.get(id);
    if (query?.MetricStat) return query.MetricStat.Period;
    return query?.Period ?? longestPeriod(queries);
  };
  const resultOf = (id: string): Value => {
    const known = done.get(id);
    if (known !== undefined) return known;
    const query = byId.get(id);
    if (query === undefined) throw invalid(`Id ${id} is not one of the queries`);
    if (open.has(id)) throw invalid(`Id ${id} refers to itself`);
    open.add(id);
    const value = query.MetricStat
      ? readMetric(store, query.MetricStat, range)
      : evaluate(parseExpression(query.Expression ?? ''), scopeOf(id));
    done.set(id, value);
    return value;
  };
  const scopeOf = (id: string): Scope => ({
    lookup: resultOf,
    metrics: () =>
      queries.filter((query) => query.MetricStat).map((query) => resultOf(query.Id) as Series),
    periodOf,
    times: timesOf(range, periodOf(id)),
  });

  return queries
    .filter((query) => query.ReturnData !== false)
    .flatMap((query) => {
      const label = query.Label ?? query.MetricStat?.Metric.MetricName ?? query.Id;
      const value = resultOf(query.Id);
      const all = Array.isArray(value) ? value : [value];
      return all.map((one) => ({
        id: query.Id,
        label,
        series: typeof one === 'number' ? constant(one, timesOf(range, periodOf(query.Id))) : one,
      }));
    });
}

/** The longest period among the metrics of some queries; a minute where there is none. */
export function longestPeriod(queries: readonly Query[]): number {
  return (
    Math.max(...queries.map((query) => query.MetricStat?.Period ?? query.Period ?? 0), 0) || 60
  );
}

function readMetric(
  store: MetricStore,
  { Metric, Period, Stat, Unit }: NonNullable<Query['MetricStat']>,
  range: { start: number; end: number },
): Series {
  const buckets = store.read(
    { ...Metric, Dimensions: Metric.Dimensions ?? [] },
    { ...range, period: Period, unit: Unit ?? undefined },
  );
  const series: Series = new Map();
  for (const [time, bucket] of [...buckets].sort(([a], [b]) => a - b)) {
    const value = statisticOf(bucket, Stat);
    if (value !== undefined) series.set(time, value);
  }
  return series;
}

function timesOf({ start, end }: { start: number; end: number }, period: number): number[] {
  const times: number[] = [];
  for (let time = Math.floor(start / period) * period; time < end; time += period) times.push(time);
  return times;
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `MetricDataQueries: ${message}`);
}
