import { ServiceError } from '../operations.ts';
import { parseExpression, type Series } from './metric-math.ts';
import { createBudget, type MetricStore, type Spend, statisticOf } from './metrics.ts';
import { longestPeriod, MAX_DATAPOINTS, type Query, UNITS } from './schemas.ts';

interface Range {
  start: number;
  end: number;
}

/** The series that a query answers with, in order of time. */
export interface QueryResult {
  id: string;
  label: string;
  series: Series;
}

/**
 * Evaluates queries, metrics and expressions over them, for start <= time < end (epoch seconds).
 *
 * @throws {ServiceError} where they cannot be evaluated, or ask for more points than a request may
 */
export async function runQueries(
  store: MetricStore,
  queries: readonly Query[],
  range: Range,
): Promise<QueryResult[]> {
  if (new Set(queries.map(({ Id }) => Id)).size < queries.length)
    throw invalid('Ids must be unique');
  const spend = createBudget();
  const metrics = new Map<string, Series>();
  for (const { Id, MetricStat } of queries) {
    if (MetricStat) metrics.set(Id, await readMetric(store, MetricStat, range, spend));
  }
  const metric = (id: string) => {
    const series = metrics.get(id);
    if (series === undefined) throw invalid(`${id} is not the Id of a metric`);
    return series;
  };
  const evaluate = ({ Id, Expression, Period }: Query): Series => {
    if (Expression === undefined) return metric(Id);
    const times = () => timesOf(range, Period ?? longestPeriod(queries));
    const value = parseExpression(Expression)({ metric, times, spend });
    if (typeof value === 'number') throw invalid(`${Id} comes to a number, not to a time series`);
    return value;
  };
  const label = labeller(queries);
  return queries
    .filter(({ ReturnData }) => ReturnData)
    .map((query) => ({ id: query.Id, label: label(query), series: evaluate(query) }));
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

async function readMetric(
  store: MetricStore,
  { Metric, Period, Stat, Unit }: NonNullable<Query['MetricStat']>,
  range: Range,
  spend: Spend,
): Promise<Series> {
  const units = await store.read(Metric, { ...range, period: Period }, spend);
  const unit = Unit ?? UNITS.find((one) => units.has(one)) ?? 'None';
  const series = new Map<number, number>();
  for (const [time, bucket] of units.get(unit) ?? []) {
    const value = statisticOf(bucket, Stat);
    if (value !== undefined) series.set(time, value);
  }
  return series;
}

function timesOf({ start, end }: Range, period: number): number[] {
  const count = Math.ceil((end - start) / period);
  if (count > MAX_DATAPOINTS) {
    throw invalid(
      `You have requested up to ${count} datapoints, which exceeds the limit of ${MAX_DATAPOINTS}`,
    );
  }
  const times: number[] = [];
  for (let time = Math.floor(start / period) * period; time < end; time += period) times.push(time);
  return times;
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `MetricDataQueries: ${message}`);
}
