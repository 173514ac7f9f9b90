import type { Dimension } from './metric-store.ts';
import type { Query } from './query.ts';

/** State of an alarm. */
export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** An alarm as PutMetricAlarm gives it. */
export interface AlarmConfiguration {
  AlarmName: string;
  ComparisonOperator:
    | 'GreaterThanThreshold'
    | 'GreaterThanOrEqualToThreshold'
    | 'LessThanThreshold'
    | 'LessThanOrEqualToThreshold';
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
  Unit?: string | undefined;
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

const HISTORY_MS = 30 * 86_400_000;

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

/** Every alarm and its history. */
export type AlarmStore = ReturnType<typeof createAlarmStore>;
