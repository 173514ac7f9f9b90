import type { Alarm, AlarmConfiguration, StateValue } from './alarms.ts';
import type { MetricStore } from './metric-store.ts';
import type { Query } from './query.ts';
import { longestPeriod, runQueries } from './query.ts';

const COMPARE: Record<AlarmConfiguration['ComparisonOperator'], (a: number, b: number) => boolean> =
  {
    GreaterThanThreshold: (a, b) => a > b,
    GreaterThanOrEqualToThreshold: (a, b) => a >= b,
    LessThanThreshold: (a, b) => a < b,
    LessThanOrEqualToThreshold: (a, b) => a <= b,
  };

/** The state that an alarm should have, over its last whole periods before `now` (epoch milliseconds). */
export function evaluateAlarm(
  store: MetricStore,
  alarm: Alarm,
  now: number,
): { state: StateValue; reason: string } {
  const { configuration } = alarm;
  const queries = queriesOf(configuration);
  const period = longestPeriod(queries);
  const end = Math.floor(now / 1_000 / period) * period;
  const start = end - configuration.EvaluationPeriods * period;
  const series = runQueries(store, queries, { start, end })[0]?.series ?? new Map<number, number>();
  const points = Array.from({ length: configuration.EvaluationPeriods }, (_, index) =>
    series.get(start + index * period),
  );
  const known = points.filter((point) => point !== undefined);
  const missing = points.length - known.length;
  const { TreatMissingData: treat } = configuration;
  if (known.length === 0 && treat === 'missing') {
    return { state: 'INSUFFICIENT_DATA', reason: `${missing} datapoints were missing` };
  }
  if (known.length === 0 && treat === 'ignore') return alarm;
  const breaches = COMPARE[configuration.ComparisonOperator];
  const breaching =
    known.filter((point) => breaches(point, configuration.Threshold)).length +
    (treat === 'breaching' ? missing : 0);
  const state = breaching >= configuration.DatapointsToAlarm ? 'ALARM' : 'OK';
  return {
    state,
    reason:
      `${breaching} of the last ${points.length} datapoints [${known.join(', ')}] breached the threshold ` +
      `(${configuration.ComparisonOperator} ${configuration.Threshold}); ${missing} were missing`,
  };
}

function queriesOf(configuration: AlarmConfiguration): Query[] {
  if (configuration.Metrics !== undefined) return configuration.Metrics;
  return [
    {
      Id: 'alarm',
      MetricStat: {
        Metric: {
          Namespace: configuration.Namespace ?? '',
          MetricName: configuration.MetricName ?? '',
          Dimensions: configuration.Dimensions,
        },
        Period: configuration.Period ?? 60,
        Stat: configuration.ExtendedStatistic ?? configuration.Statistic ?? 'Average',
        Unit: configuration.Unit,
      },
    },
  ];
}
