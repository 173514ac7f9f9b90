import type { KeyValueStore } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';
import { evaluateExpression, tokensOf } from './metric-math.ts';
import {
  createBudget,
  type Datapoint,
  readDatapoints,
  type Spend,
  statisticOf,
} from './metrics.ts';
import { longestPeriod, type Query, UNITS } from './schemas.ts';

/** Values by time, epoch seconds. */
type Series = ReadonlyMap<number, number>;

/**
 * Evaluates queries, metrics and expressions over them, for start <= time < end (epoch seconds): the series of those that
 * return data, by their Ids.
 *
 * @throws {ServiceError} where they cannot be evaluated, or ask for more points than a request may
 */
export async function runQueries(
  store: KeyValueStore,
  queries: readonly Query[],
  range: { readonly start: number; readonly end: number },
): Promise<Map<string, Series>> {
  if (new Set(queries.map(({ Id }) => Id)).size < queries.length)
    throw invalid('Ids must be unique');
  const spend = createBudget();
  const metrics = new Map<string, Series>();
  const known = new Map<string, Datapoint[]>();
  for (const { Id, MetricStat } of queries) {
    if (!MetricStat) continue;
    const { Metric, Period: period } = MetricStat;
    // Read once for all queries that differ in their statistics alone.
    const name = JSON.stringify([Metric, period]);
    const datapoints =
      known.get(name) ?? (await readDatapoints(store, Metric, { ...range, period }, spend));
    known.set(name, datapoints);
    metrics.set(Id, seriesOf(datapoints, MetricStat, spend));
  }
  const metric = (id: string) => {
    const series = metrics.get(id);
    if (series === undefined) throw invalid(`${id} is not the Id of a metric`);
    return series;
  };
  const evaluate = ({ Id, Expression, Period }: Query): Series => {
    if (Expression === undefined) return metric(Id);
    const tokens = tokensOf(Expression);
    const period = Period ?? longestPeriod(queries);
    const first = Math.floor(range.start / period) * period;
    spend(Math.ceil((range.end - first) / period) * tokens.length);
    const series = new Map<number, number>();
    for (let time = first; time < range.end; time += period) {
      const value = evaluateExpression(tokens, (id) => metric(id).get(time) ?? Number.NaN);
      if (!value.isSeries) throw invalid(`${Id} comes to a number, not to a time series`);
      if (Number.isFinite(value.point)) series.set(time, value.point);
    }
    return series;
  };
  const results = new Map<string, Series>();
  for (const query of queries.filter(({ ReturnData }) => ReturnData)) {
    const series = evaluate(query);
    spend(series.size);
    results.set(query.Id, series);
  }
  return results;
}

/** Labels where a query gives none: a metric's name, with what tells several apart, or an expression's Id. */
export function labeller(queries: readonly Query[]): (query: Query) => string {
  const stats = queries.flatMap(({ MetricStat }) => MetricStat ?? []);
  const telling = (['Stat', 'Period'] as const).filter(
    (part) => new Set(stats.map((stat) => stat[part])).size > 1,
  );
  return ({ Id, Label, MetricStat: stat }) =>
    Label ?? (stat ? [stat.Metric.MetricName, ...telling.map((part) => stat[part])].join(' ') : Id);
}

/** A series holds one unit: the first in CloudWatch's own order, where the query names none. */
function seriesOf(
  datapoints: readonly Datapoint[],
  { Stat, Unit }: NonNullable<Query['MetricStat']>,
  spend: Spend,
): Series {
  const units = new Set(datapoints.map(({ unit }) => unit));
  const wanted = Unit ?? UNITS.find((unit) => units.has(unit));
  const series = new Map<number, number>();
  for (const datapoint of datapoints.filter(({ unit }) => unit === wanted)) {
    spend(datapoint.values.size);
    const value = statisticOf(datapoint, Stat);
    if (value !== undefined) series.set(datapoint.second, value);
  }
  return series;
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `MetricDataQueries: ${message}`);
}
