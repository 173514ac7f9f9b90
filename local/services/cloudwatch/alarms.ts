import type { LimitFunction } from 'p-limit';
import type { z } from 'zod';
import type { KeyValueStore, StoreOperation } from '../key-value-store.ts';
import { digest, padded, valuesOf } from './keys.ts';
import type { MetricStore } from './metrics.ts';
import { runQueries } from './queries.ts';
import { type AlarmConfiguration, longestPeriod, type Query, type stateSchema } from './schemas.ts';

/** State of an alarm. */
export type StateValue = z.output<typeof stateSchema>;

/** An alarm with its state; times are epoch milliseconds. */
export interface Alarm {
  configuration: AlarmConfiguration;
  arn: string;
  configuredAt: number;
  state: StateValue;
  reason: string;
  changedAt: number;
}

/** One line of an alarm's history; `at` is epoch milliseconds. */
export interface HistoryItem {
  alarmName: string;
  at: number;
  type: 'StateUpdate' | 'Action';
  summary: string;
  data: object;
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

/** What every operation works on. */
export interface Context {
  metrics: MetricStore;
  alarms: AlarmStore;
  /** Runs what reads and then writes, one at a time. */
  alone: LimitFunction;
  notify: (notification: AlarmNotification) => void;
  now: () => number;
  region: string;
  account: string;
}

const ALARM = 'alarm/';
const HISTORY = 'history/';

/** Every alarm and its history. */
export type AlarmStore = ReturnType<typeof createAlarmStore>;

/** Every alarm and its history. */
export function createAlarmStore(db: KeyValueStore) {
  let written = 0;
  const keyOf = (name: string) => `${ALARM}${digest(name)}`;
  return {
    get: async (name: string) => (await db.get(keyOf(name))) as Alarm | undefined,
    /** By name. */
    async all() {
      const alarms = await valuesOf<Alarm>(db, ALARM);
      const byName = alarms.map((alarm) => [alarm.configuration.AlarmName, alarm] as const);
      return byName.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, alarm]) => alarm);
    },
    /** Oldest first. */
    history: () => valuesOf<HistoryItem>(db, HISTORY),
    save: (alarm: Alarm, history: readonly HistoryItem[] = []) =>
      db.batch([
        { type: 'put', key: keyOf(alarm.configuration.AlarmName), value: alarm },
        ...history.map((item): StoreOperation => {
          written += 1;
          const key = `${HISTORY}${padded(item.at)}/${padded(written)}`;
          return { type: 'put', key, value: item };
        }),
      ]),
    remove: (names: readonly string[]) =>
      db.batch(names.map((name) => ({ type: 'del', key: keyOf(name) }))),
    /** Forgets history before a time, epoch milliseconds. */
    forget: (before: number) => db.clear({ gte: HISTORY, lt: `${HISTORY}${padded(before)}` }),
  };
}

/** Puts an alarm into a state: the change and the actions it calls for are written down as one, then told. */
export async function changeState(
  { alarms, notify, now, region, account }: Context,
  alarm: Alarm,
  { state, reason }: Pick<Alarm, 'state' | 'reason'>,
): Promise<void> {
  if (state === alarm.state) return;
  const at = now();
  const { AlarmName, AlarmDescription, ActionsEnabled, ...actions } = alarm.configuration;
  const message: AlarmNotification['message'] = {
    AlarmName,
    AlarmDescription,
    AlarmArn: alarm.arn,
    AWSAccountId: account,
    Region: region,
    NewStateValue: state,
    NewStateReason: reason,
    OldStateValue: alarm.state,
    StateChangeTime: new Date(at).toISOString(),
  };
  const called = {
    ALARM: actions.AlarmActions,
    OK: actions.OKActions,
    INSUFFICIENT_DATA: actions.InsufficientDataActions,
  }[state];
  const told = ActionsEnabled ? called : [];
  await alarms.save({ ...alarm, state, reason, changedAt: at }, [
    {
      alarmName: AlarmName,
      at,
      type: 'StateUpdate',
      summary: `Alarm updated from ${alarm.state} to ${state}`,
      data: {
        version: '1.0',
        oldState: { stateValue: alarm.state, stateReason: alarm.reason },
        newState: { stateValue: state, stateReason: reason },
      },
    },
    ...told.map(
      (action): HistoryItem => ({
        alarmName: AlarmName,
        at,
        type: 'Action',
        summary: `Successfully executed action ${action}`,
        data: {
          actionState: 'Succeeded',
          notificationResource: action,
          publishedMessage: JSON.stringify(message),
        },
      }),
    ),
  ]);
  for (const action of told) notify({ action, message });
}

/** Evaluates every alarm; one that cannot be keeps its state and holds up no other. */
export async function evaluateAlarms(context: Context): Promise<void> {
  const evaluate = async (name: string) => {
    // It may have been changed or deleted since the round began.
    const alarm = await context.alarms.get(name);
    const wanted = alarm && (await evaluateAlarm(context, alarm.configuration));
    if (wanted) await changeState(context, alarm, wanted);
  };
  for (const { configuration } of await context.alarms.all()) {
    await context.alone(evaluate, configuration.AlarmName).catch(() => undefined);
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
): Promise<Pick<Alarm, 'state' | 'reason'> | undefined> {
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
    return { state: 'INSUFFICIENT_DATA', reason: `${missing} datapoints were missing` };
  }
  const breaching =
    known.filter((point) => COMPARE[ComparisonOperator](point, Threshold)).length +
    (TreatMissingData === 'breaching' ? missing : 0);
  return {
    state: breaching >= (configuration.DatapointsToAlarm ?? EvaluationPeriods) ? 'ALARM' : 'OK',
    reason:
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
