import { isDeepStrictEqual } from 'node:util';
import type { LimitFunction } from 'p-limit';
import type * as z from 'zod';
import { entry, type KeyValueStore, valuesOf } from '../key-value-store.ts';
import { REGION } from '../local-service.ts';
import { digest, padded } from './metrics.ts';
import { runQueries } from './queries.ts';
import { type AlarmConfiguration, longestPeriod, type Query, type stateSchema } from './schemas.ts';

/** An alarm with its state, as DescribeAlarms gives it; times are epoch seconds. */
export interface Alarm extends AlarmConfiguration {
  AlarmArn: string;
  AlarmConfigurationUpdatedTimestamp: number;
  StateValue: z.output<typeof stateSchema>;
  StateReason: string;
  StateUpdatedTimestamp: number;
  StateTransitionedTimestamp: number;
}

/** What an alarm tells the target of an action (its ARN) when it changes state: the message that SNS would be given. */
export interface AlarmNotification {
  action: string;
  message: ReturnType<typeof notificationMessage>;
}

/** What every operation works on. */
export interface CloudWatch {
  store: KeyValueStore;
  /** Runs what changes metrics, one at a time. */
  alone: LimitFunction;
  notify: (notification: AlarmNotification) => void;
  now: () => number;
}

const ACCOUNT = '000000000000';
const HISTORY = 'history/';

/** ARN of an alarm. */
export const arnOf = (name: string) => `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`;

/** Key of an alarm in the store. */
export const alarmKey = (name: string) => `alarm/${digest(name)}`;

/** The alarm of a name. */
export const alarmOf = (store: KeyValueStore, name: string) =>
  store.getSync(alarmKey(name)) as Alarm | undefined;

/** Every alarm. */
export const alarmsOf = (store: KeyValueStore) => valuesOf<Alarm>(store, 'alarm/');

/** Keeps an alarm, and what is written down with it. */
export async function saveAlarm(
  { store }: CloudWatch,
  alarm: Alarm,
  items: readonly HistoryItem[] = [],
): Promise<void> {
  const now = (performance.timeOrigin + performance.now()).toFixed(3);
  await store.commit([
    entry(alarmKey(alarm.AlarmName), alarm),
    ...items.map((item, index) =>
      entry(`${HISTORY}${padded(item.Timestamp)}/${now}/${index}`, item),
    ),
  ]);
}

/** The history of all alarms, oldest first. */
export const historyOf = (store: KeyValueStore) => valuesOf<HistoryItem>(store, HISTORY);

/** Forgets history before a time, epoch seconds. */
export const forgetHistory = (store: KeyValueStore, before: number) =>
  store.clear({ gte: HISTORY, lt: `${HISTORY}${padded(before)}` });

/** Puts an alarm into a state: the change and the actions it calls for are written down as one, then told. */
export async function changeState(
  cloudWatch: CloudWatch,
  before: Alarm,
  wanted: Pick<Alarm, 'StateValue' | 'StateReason'>,
): Promise<void> {
  if (wanted.StateValue === before.StateValue) return;
  const at = cloudWatch.now() / 1_000;
  const times = { StateUpdatedTimestamp: at, StateTransitionedTimestamp: at };
  const after = { ...before, ...wanted, ...times };
  const actions = {
    ALARM: before.AlarmActions,
    OK: before.OKActions,
    INSUFFICIENT_DATA: before.InsufficientDataActions,
  }[wanted.StateValue];
  const called = before.ActionsEnabled ? actions : [];
  await saveAlarm(cloudWatch, after, historyItems(before, after, called));
  const message = notificationMessage(before, after);
  for (const action of called) cloudWatch.notify({ action, message });
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

type HistoryItem = ReturnType<typeof historyItems>[number];

/** The history of one change, as DescribeAlarmHistory gives it: the change itself, then each action. */
function historyItems(before: Alarm, after: Alarm, actions: readonly string[]) {
  const { AlarmName, StateUpdatedTimestamp: Timestamp } = after;
  const item = (HistoryItemType: string, HistorySummary: string, data: object) => {
    const HistoryData = JSON.stringify(data);
    const AlarmType = 'MetricAlarm';
    return { AlarmName, AlarmType, Timestamp, HistoryItemType, HistorySummary, HistoryData };
  };
  return [
    item('StateUpdate', `Alarm updated from ${before.StateValue} to ${after.StateValue}`, {
      oldState: { stateValue: before.StateValue, stateReason: before.StateReason },
      newState: { stateValue: after.StateValue, stateReason: after.StateReason },
    }),
    ...actions.map((action) =>
      item('Action', `Successfully executed action ${action}`, {
        actionState: 'Succeeded',
        notificationResource: action,
        publishedMessage: JSON.stringify(notificationMessage(before, after)),
      }),
    ),
  ];
}

const COMPARE = {
  GreaterThanThreshold: (a: number, b: number) => a > b,
  GreaterThanOrEqualToThreshold: (a: number, b: number) => a >= b,
  LessThanThreshold: (a: number, b: number) => a < b,
  LessThanOrEqualToThreshold: (a: number, b: number) => a <= b,
};

/** Evaluates every alarm; one that cannot be keeps its state and holds up no other. */
export async function evaluateAlarms(cloudWatch: CloudWatch): Promise<void> {
  const changes: Promise<void>[] = [];
  for (const alarm of await alarmsOf(cloudWatch.store)) {
    const wanted = await evaluateAlarm(cloudWatch, alarm).catch(() => undefined);
    // It may have been changed or deleted meanwhile.
    const isSame = isDeepStrictEqual(alarmOf(cloudWatch.store, alarm.AlarmName), alarm);
    if (wanted && isSame) changes.push(changeState(cloudWatch, alarm, wanted));
  }
  await Promise.all(changes);
}

/**
 * The state that an alarm should have, by its last whole periods; undefined where it is to keep the one it has.
 *
 * @throws {ServiceError} where its expression cannot be evaluated
 */
export async function evaluateAlarm(
  { store, now }: CloudWatch,
  configuration: AlarmConfiguration,
): Promise<Pick<Alarm, 'StateValue' | 'StateReason'> | undefined> {
  const { EvaluationPeriods, ComparisonOperator, Threshold } = configuration;
  const { TreatMissingData = 'missing' } = configuration;
  const queries = queriesOf(configuration);
  const period = longestPeriod(queries);
  const end = Math.floor(now() / 1_000 / period) * period;
  const start = end - EvaluationPeriods * period;
  const [series] = (await runQueries(store, queries, { start, end })).values();
  const known = Array.from({ length: EvaluationPeriods }, (_, index) =>
    series?.get(start + index * period),
  ).filter((point) => point !== undefined);
  const missing = EvaluationPeriods - known.length;
  if (known.length === 0 && TreatMissingData === 'ignore') return undefined;
  if (known.length === 0 && TreatMissingData === 'missing') {
    return { StateValue: 'INSUFFICIENT_DATA', StateReason: `${missing} datapoints were missing` };
  }
  const breaching =
    known.filter((point) => COMPARE[ComparisonOperator](point, Threshold)).length +
    (TreatMissingData === 'breaching' ? missing : 0);
  const needed = configuration.DatapointsToAlarm ?? EvaluationPeriods;
  return {
    StateValue: breaching >= needed ? 'ALARM' : 'OK',
    StateReason:
      `${breaching} of the last ${EvaluationPeriods} datapoints [${known.join(', ')}] breached the threshold ` +
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
