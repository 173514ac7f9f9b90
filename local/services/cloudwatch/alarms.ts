import type { LimitFunction } from 'p-limit';
import type { z } from 'zod';
import type { KeyValueStore, StoreOperation } from '../key-value-store.ts';
import { digest, padded, valuesOf } from './keys.ts';
import type { MetricStore } from './metrics.ts';
import { runQueries } from './queries.ts';
import { type AlarmConfiguration, longestPeriod, type Query, type stateSchema } from './schemas.ts';

/** State of an alarm. */
export type StateValue = z.output<typeof stateSchema>;

/** An alarm with its state, as DescribeAlarms gives it; times are epoch seconds. */
export interface Alarm extends AlarmConfiguration {
  AlarmArn: string;
  AlarmConfigurationUpdatedTimestamp: number;
  StateValue: StateValue;
  StateReason: string;
  StateUpdatedTimestamp: number;
  StateTransitionedTimestamp: number;
}

/** One line of an alarm's history, as DescribeAlarmHistory gives it. */
export type HistoryItem = ReturnType<typeof historyItem>;

/** What an alarm tells the target of an action (its ARN) when it changes state: the message that SNS would be given. */
export interface AlarmNotification {
  action: string;
  message: ReturnType<typeof notificationMessage>;
}

/** What every operation works on. */
export interface Context {
  metrics: MetricStore;
  alarms: AlarmStore;
  /** Runs what reads and then writes, one at a time. */
  alone: LimitFunction;
  notify: (notification: AlarmNotification) => void;
  now: () => number;
}

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
const ALARM = 'alarm/';
const HISTORY = 'history/';

/** ARN of an alarm. */
export const arnOf = (name: string) => `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`;

/** Every alarm and its history. */
export type AlarmStore = ReturnType<typeof createAlarmStore>;

/** Every alarm and its history. */
export function createAlarmStore(db: KeyValueStore) {
  let written = 0;
  const keyOf = (name: string) => `${ALARM}${digest(name)}`;
  return {
    get: async (name: string) => (await db.get(keyOf(name))) as Alarm | undefined,
    /** By name. */
    all: async () =>
      (await valuesOf<Alarm>(db, ALARM)).sort((a, b) => (a.AlarmName < b.AlarmName ? -1 : 1)),
    /** Oldest first. */
    history: () => valuesOf<HistoryItem>(db, HISTORY),
    save: (alarm: Alarm, history: readonly HistoryItem[] = []) =>
      db.batch([
        { type: 'put', key: keyOf(alarm.AlarmName), value: alarm },
        ...history.map((item): StoreOperation => {
          written += 1;
          const key = `${HISTORY}${padded(Math.floor(item.Timestamp))}/${padded(written)}`;
          return { type: 'put', key, value: item };
        }),
      ]),
    remove: (names: readonly string[]) =>
      db.batch(names.map((name) => ({ type: 'del', key: keyOf(name) }))),
    /** Forgets history before a time, epoch seconds. */
    forget: (before: number) => db.clear({ gte: HISTORY, lt: `${HISTORY}${padded(before)}` }),
  };
}

/** Puts an alarm into a state: the change and the actions it calls for are written down as one, then told. */
export async function changeState(
  { alarms, notify, now }: Context,
  alarm: Alarm,
  wanted: Pick<Alarm, 'StateValue' | 'StateReason'>,
): Promise<void> {
  if (wanted.StateValue === alarm.StateValue) return;
  const at = now() / 1_000;
  const changed = {
    ...alarm,
    ...wanted,
    StateUpdatedTimestamp: at,
    StateTransitionedTimestamp: at,
  };
  const message = notificationMessage(alarm, changed);
  const actions = {
    ALARM: alarm.AlarmActions,
    OK: alarm.OKActions,
    INSUFFICIENT_DATA: alarm.InsufficientDataActions,
  }[wanted.StateValue];
  const called = alarm.ActionsEnabled ? actions : [];
  await alarms.save(changed, [
    historyItem(
      changed,
      'StateUpdate',
      `Alarm updated from ${alarm.StateValue} to ${wanted.StateValue}`,
      {
        oldState: { stateValue: alarm.StateValue, stateReason: alarm.StateReason },
        newState: { stateValue: wanted.StateValue, stateReason: wanted.StateReason },
      },
    ),
    ...called.map((action) =>
      historyItem(changed, 'Action', `Successfully executed action ${action}`, {
        actionState: 'Succeeded',
        notificationResource: action,
        publishedMessage: JSON.stringify(message),
      }),
    ),
  ]);
  for (const action of called) notify({ action, message });
}

function notificationMessage(before: Alarm, after: Alarm) {
  return {
    AlarmName: after.AlarmName,
    AlarmDescription: after.AlarmDescription,
    AlarmArn: after.AlarmArn,
    AWSAccountId: ACCOUNT,
    Region: REGION,
    NewStateValue: after.StateValue,
    NewStateReason: after.StateReason,
    OldStateValue: before.StateValue,
    StateChangeTime: new Date(after.StateUpdatedTimestamp * 1_000).toISOString(),
  };
}

function historyItem(
  { AlarmName, StateUpdatedTimestamp }: Alarm,
  HistoryItemType: 'StateUpdate' | 'Action',
  HistorySummary: string,
  data: object,
) {
  const HistoryData = JSON.stringify(data);
  const Timestamp = StateUpdatedTimestamp;
  return {
    AlarmName,
    AlarmType: 'MetricAlarm',
    Timestamp,
    HistoryItemType,
    HistorySummary,
    HistoryData,
  };
}

/** Evaluates every alarm; one that cannot be keeps its state and holds up no other. */
export async function evaluateAlarms(context: Context): Promise<void> {
  const evaluate = async (name: string) => {
    // It may have been changed or deleted since the round began.
    const alarm = await context.alarms.get(name);
    const wanted = alarm && (await evaluateAlarm(context, alarm));
    if (wanted) await changeState(context, alarm, wanted);
  };
  for (const { AlarmName } of await context.alarms.all()) {
    await context.alone(evaluate, AlarmName).catch(() => undefined);
  }
}

const COMPARE = {
  GreaterThanThreshold: (a: number, b: number) => a > b,
  GreaterThanOrEqualToThreshold: (a: number, b: number) => a >= b,
  LessThanThreshold: (a: number, b: number) => a < b,
  LessThanOrEqualToThreshold: (a: number, b: number) => a <= b,
};

/**
 * The state that an alarm should have, by its last whole periods; undefined where it is to keep the one it has.
 *
 * @throws {ServiceError} where its expression cannot be evaluated
 */
export async function evaluateAlarm(
  { metrics, now }: Pick<Context, 'metrics' | 'now'>,
  configuration: AlarmConfiguration,
): Promise<Pick<Alarm, 'StateValue' | 'StateReason'> | undefined> {
  const { EvaluationPeriods, ComparisonOperator, Threshold, TreatMissingData } = configuration;
  const queries = queriesOf(configuration);
  const period = longestPeriod(queries);
  const end = Math.floor(now() / 1_000 / period) * period;
  const start = end - EvaluationPeriods * period;
  const [result] = await runQueries(metrics, queries, { start, end });
  const points = Array.from({ length: EvaluationPeriods }, (_, index) =>
    result?.series.get(start + index * period),
  );
  const known = points.filter((point) => point !== undefined);
  const missing = points.length - known.length;
  if (known.length === 0 && TreatMissingData === 'ignore') return undefined;
  if (known.length === 0 && TreatMissingData === 'missing') {
    return { StateValue: 'INSUFFICIENT_DATA', StateReason: `${missing} datapoints were missing` };
  }
  const breaching =
    known.filter((point) => COMPARE[ComparisonOperator](point, Threshold)).length +
    (TreatMissingData === 'breaching' ? missing : 0);
  return {
    StateValue:
      breaching >= (configuration.DatapointsToAlarm ?? EvaluationPeriods) ? 'ALARM' : 'OK',
    StateReason:
      `${breaching} of the last ${points.length} datapoints [${known.join(', ')}] breached the threshold ` +
      `(${ComparisonOperator} ${Threshold}); ${missing} were missing`,
  };
}

function queriesOf(configuration: AlarmConfiguration): Query[] {
  if (configuration.Metrics) return configuration.Metrics;
  const { Namespace = '', MetricName = '', Dimensions, Period = 60, Unit } = configuration;
  const Stat = configuration.ExtendedStatistic ?? configuration.Statistic ?? 'Average';
  const Metric = { Namespace, MetricName, Dimensions };
  return [{ Id: 'alarm', MetricStat: { Metric, Period, Stat, Unit }, ReturnData: true }];
}
