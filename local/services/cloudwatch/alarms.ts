import type { Datum, Dimension, MetricStore, Unit } from './metrics.ts';
import type { Query } from './queries.ts';
import { longestPeriod, runQueries } from './queries.ts';

const HISTORY_MS = 30 * 86_400_000;

/** State of an alarm. */
export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** An alarm as PutMetricAlarm gives it. */
export interface AlarmConfiguration {
  AlarmName: string;
  ComparisonOperator: keyof typeof COMPARE;
  Threshold: number;
  EvaluationPeriods: number;
  DatapointsToAlarm: number;
  TreatMissingData: 'missing' | 'ignore' | 'breaching' | 'notBreaching';
  ActionsEnabled: boolean;
  AlarmDescription?: string | undefined;
  AlarmActions: string[];
  OKActions: string[];
  InsufficientDataActions: string[];
  Namespace?: string | undefined;
  MetricName?: string | undefined;
  Dimensions: Dimension[];
  Statistic?: string | undefined;
  ExtendedStatistic?: string | undefined;
  Period?: number | undefined;
  Unit?: Unit | undefined;
  Metrics?: Query[] | undefined;
}

/** An alarm with its state; times are epoch milliseconds. */
export interface Alarm {
  configuration: AlarmConfiguration;
  arn: string;
  configuredAt: number;
  state: StateValue;
  reason: string;
  stateUpdatedAt: number;
  stateChangedAt: number;
}

/** One line of an alarm's history. */
export interface HistoryItem {
  alarmName: string;
  at: number;
  type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action';
  summary: string;
  data: string;
}

/** What an alarm tells the target of an action when it changes state: the message that SNS would be given. */
export interface AlarmNotification {
  /** ARN of the action, such as a topic's. */
  action: string;
  message: {
    AlarmName: string;
    AlarmDescription: string | undefined;
    AlarmArn: string;
    AWSAccountId: string;
    Region: string;
    NewStateValue: StateValue;
    NewStateReason: string;
    OldStateValue: StateValue;
    /** ISO 8601. */
    StateChangeTime: string;
  };
}

/** One line of the log. */
export type Change =
  | { put: Datum[] }
  | { alarm: Alarm }
  | { alarmsDeleted: string[] }
  | { history: HistoryItem };

/** What every operation works on. */
export interface Context {
  metrics: MetricStore;
  alarms: AlarmStore;
  /** Writes changes down as one, then makes them. */
  commit(...changes: Change[]): Promise<void>;
  notify(notification: AlarmNotification): void;
  now: () => number;
  region: string;
  account: string;
}

/** Every alarm and its history. */
export type AlarmStore = ReturnType<typeof createAlarmStore>;

/** Every alarm and its history, in memory. */
export function createAlarmStore() {
  const alarms = new Map<string, Alarm>();
  let history: HistoryItem[] = [];
  return {
    get: (name: string) => alarms.get(name),
    all: () =>
      [...alarms.values()].sort((a, b) =>
        a.configuration.AlarmName < b.configuration.AlarmName ? -1 : 1,
      ),
    set: (alarm: Alarm) => alarms.set(alarm.configuration.AlarmName, alarm),
    remove: (name: string) => alarms.delete(name),
    history: () => history,
    addHistory: (item: HistoryItem) => {
      history.push(item);
      const oldest = item.at - HISTORY_MS;
      if ((history[0]?.at ?? oldest) < oldest) history = history.filter(({ at }) => at >= oldest);
    },
  };
}

/** Puts an alarm into a state; a change and the actions it calls for are written to its history. */
export async function changeState(
  context: Context,
  alarm: Alarm,
  wanted: { state: StateValue; reason: string },
): Promise<void> {
  if (wanted.state === alarm.state) return;
  const at = context.now();
  const { AlarmName: alarmName, AlarmDescription } = alarm.configuration;
  const notifications = actionsOf(alarm.configuration, wanted.state).map((action) => ({
    action,
    message: {
      AlarmName: alarmName,
      AlarmDescription,
      AlarmArn: alarm.arn,
      AWSAccountId: context.account,
      Region: context.region,
      NewStateValue: wanted.state,
      NewStateReason: wanted.reason,
      OldStateValue: alarm.state,
      StateChangeTime: new Date(at).toISOString(),
    },
  }));
  await context.commit(
    { alarm: { ...alarm, ...wanted, stateUpdatedAt: at, stateChangedAt: at } },
    {
      history: {
        alarmName,
        at,
        type: 'StateUpdate',
        summary: `Alarm updated from ${alarm.state} to ${wanted.state}`,
        data: JSON.stringify({
          version: '1.0',
          oldState: { stateValue: alarm.state, stateReason: alarm.reason },
          newState: { stateValue: wanted.state, stateReason: wanted.reason },
        }),
      },
    },
    ...notifications.map(
      ({ action, message }): Change => ({
        history: {
          alarmName,
          at,
          type: 'Action',
          summary: `Successfully executed action ${action}`,
          data: JSON.stringify({
            actionState: 'Succeeded',
            notificationResource: action,
            publishedMessage: JSON.stringify(message),
          }),
        },
      }),
    ),
  );
  for (const notification of notifications) context.notify(notification);
}

function actionsOf(configuration: AlarmConfiguration, state: StateValue): string[] {
  if (!configuration.ActionsEnabled) return [];
  if (state === 'ALARM') return configuration.AlarmActions;
  return state === 'OK' ? configuration.OKActions : configuration.InsufficientDataActions;
}

const COMPARE = {
  GreaterThanThreshold: (a: number, b: number) => a > b,
  GreaterThanOrEqualToThreshold: (a: number, b: number) => a >= b,
  LessThanThreshold: (a: number, b: number) => a < b,
  LessThanOrEqualToThreshold: (a: number, b: number) => a <= b,
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
