import { z } from 'zod';
import { listOf, type Operation, operation, ServiceError } from '../operations.ts';
import type { Alarm, AlarmConfiguration, Context } from './alarms.ts';
import { changeState } from './alarms.ts';
import { parseExpression } from './metric-math.ts';
import { pageOf } from './metric-operations.ts';
import { STATISTIC } from './metrics.ts';
import {
  dimensionsSchema,
  longestPeriod,
  periodSchema,
  querySchema,
  unitSchema,
} from './queries.ts';

const DAY_SECONDS = 86_400;
const name = z.string().min(1).max(255);
const actions = z.array(z.string().min(1).max(1024)).max(5).nullish();
const state = z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']);
const pageMembers = {
  MaxRecords: z.int().min(1).max(100).nullish(),
  NextToken: z.string().nullish(),
};

const alarmSchema = z
  .object({
    AlarmName: name,
    AlarmDescription: z.string().max(1024).nullish(),
    ActionsEnabled: z.boolean().nullish(),
    AlarmActions: actions,
    OKActions: actions,
    InsufficientDataActions: actions,
    Namespace: name.nullish(),
    MetricName: name.nullish(),
    Dimensions: dimensionsSchema.nullish(),
    Statistic: z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']).nullish(),
    ExtendedStatistic: z.string().regex(STATISTIC, 'must be a percentile such as p99').nullish(),
    Period: periodSchema.nullish(),
    Unit: unitSchema,
    EvaluationPeriods: z.int().min(1).max(10_080),
    DatapointsToAlarm: z.int().min(1).nullish(),
    Threshold: z.number(),
    ComparisonOperator: z.enum([
      'GreaterThanThreshold',
      'GreaterThanOrEqualToThreshold',
      'LessThanThreshold',
      'LessThanOrEqualToThreshold',
    ]),
    TreatMissingData: z.enum(['missing', 'ignore', 'breaching', 'notBreaching']).nullish(),
    Metrics: listOf(querySchema, 20, 1).nullish(),
  })
  .superRefine((alarm, check) => {
    const fault = (path: string, message: string) =>
      check.addIssue({ code: 'custom', path: [path], message });
    if (alarm.Metrics != null) {
      if (alarm.Metrics.filter((query) => query.ReturnData !== false).length !== 1) {
        fault('Metrics', 'exactly one must have ReturnData true');
      }
      if (alarm.MetricName != null) fault('MetricName', 'goes not together with Metrics');
    } else {
      for (const required of ['Namespace', 'MetricName', 'Period'] as const) {
        if (alarm[required] == null) fault(required, 'is required');
      }
      if ((alarm.Statistic == null) === (alarm.ExtendedStatistic == null)) {
        fault('Statistic', 'needs exactly one of Statistic and ExtendedStatistic');
      }
    }
    if ((alarm.DatapointsToAlarm ?? 1) > alarm.EvaluationPeriods) {
      fault('DatapointsToAlarm', 'must be at most EvaluationPeriods');
    }
    const period = alarm.Metrics ? longestPeriod(alarm.Metrics) : (alarm.Period ?? 60);
    if (alarm.EvaluationPeriods * period > (period >= 3_600 ? 7 : 1) * DAY_SECONDS) {
      fault('EvaluationPeriods', 'times Period must be at most a day, or seven from an hour on');
    }
  });

/** PutMetricAlarm; a new alarm starts as INSUFFICIENT_DATA, a changed one keeps its state. */
const putMetricAlarm = operation(
  alarmSchema,
  async (context: Context, input) => {
    for (const { Expression } of input.Metrics ?? []) if (Expression) parseExpression(Expression);
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value != null));
    const configuration = {
      ActionsEnabled: true,
      AlarmActions: [],
      OKActions: [],
      InsufficientDataActions: [],
      Dimensions: [],
      DatapointsToAlarm: input.EvaluationPeriods,
      TreatMissingData: 'missing',
      ...given,
    } as unknown as AlarmConfiguration;
    const { AlarmName } = input;
    const at = context.now();
    const before = context.alarms.get(AlarmName);
    await context.commit(
      {
        alarm: {
          arn: `arn:aws:cloudwatch:${context.region}:${context.account}:alarm:${AlarmName}`,
          state: before?.state ?? 'INSUFFICIENT_DATA',
          reason: before?.reason ?? 'Unchecked: Initial alarm creation',
          stateUpdatedAt: before?.stateUpdatedAt ?? at,
          stateChangedAt: before?.stateChangedAt ?? at,
          configuration,
          configuredAt: at,
        },
      },
      {
        history: {
          alarmName: AlarmName,
          at,
          type: 'ConfigurationUpdate',
          summary: `Alarm "${AlarmName}" ${before ? 'updated' : 'created'}`,
          data: JSON.stringify(configuration),
        },
      },
    );
    return {};
  },
  'ValidationError',
);

/** DeleteAlarms; all of them or, where one does not exist, none. */
const deleteAlarms = operation(
  z.object({ AlarmNames: listOf(name, 100) }),
  async (context: Context, { AlarmNames }) => {
    const unknown = AlarmNames.filter((one) => context.alarms.get(one) === undefined);
    if (unknown.length > 0) throw notFound('AlarmNames', unknown.join(', '));
    await context.commit({ alarmsDeleted: AlarmNames });
    return {};
  },
  'ValidationError',
);

/** SetAlarmState; it lasts until the next evaluation. */
const setAlarmState = operation(
  z.object({ AlarmName: name, StateValue: state, StateReason: z.string().max(1023) }),
  async (context: Context, wanted) => {
    const alarm = context.alarms.get(wanted.AlarmName);
    if (alarm === undefined) throw notFound('AlarmName', wanted.AlarmName);
    await changeState(context, alarm, { state: wanted.StateValue, reason: wanted.StateReason });
    return {};
  },
  'ValidationError',
);

function notFound(field: string, names: string) {
  return new ServiceError('ResourceNotFound', `${field}: no such alarm: ${names}`, {
    statusCode: 404,
  });
}

/** DescribeAlarms; there are metric alarms only. */
const describeAlarms = operation(
  z.object({
    AlarmNames: listOf(z.string(), 100).nullish(),
    AlarmNamePrefix: z.string().nullish(),
    StateValue: state.nullish(),
    ActionPrefix: z.string().nullish(),
    ...pageMembers,
  }),
  ({ alarms }: Context, wanted) => {
    const found = alarms
      .all()
      .filter(
        (alarm) =>
          (!wanted.AlarmNames?.length ||
            wanted.AlarmNames.includes(alarm.configuration.AlarmName)) &&
          alarm.configuration.AlarmName.startsWith(wanted.AlarmNamePrefix ?? '') &&
          (!wanted.StateValue || wanted.StateValue === alarm.state) &&
          (!wanted.ActionPrefix ||
            alarm.configuration.AlarmActions.some((a) => a.startsWith(wanted.ActionPrefix ?? ''))),
      );
    const { items, next } = pageOf(found, wanted.MaxRecords ?? 50, wanted.NextToken);
    return { MetricAlarms: items.map(describe), CompositeAlarms: [], ...next };
  },
  'ValidationError',
);

function describe({ configuration, ...alarm }: Alarm) {
  return {
    ...configuration,
    AlarmArn: alarm.arn,
    AlarmConfigurationUpdatedTimestamp: alarm.configuredAt / 1_000,
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: alarm.stateUpdatedAt / 1_000,
    StateTransitionedTimestamp: alarm.stateChangedAt / 1_000,
  };
}

/** DescribeAlarmHistory, newest first unless asked otherwise. */
const describeAlarmHistory = operation(
  z.object({
    AlarmName: z.string().nullish(),
    HistoryItemType: z.enum(['ConfigurationUpdate', 'StateUpdate', 'Action']).nullish(),
    StartDate: z.number().nullish(),
    EndDate: z.number().nullish(),
    ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).nullish(),
    ...pageMembers,
  }),
  ({ alarms }: Context, wanted) => {
    const found = alarms
      .history()
      .filter(
        (item) =>
          (!wanted.AlarmName || item.alarmName === wanted.AlarmName) &&
          (!wanted.HistoryItemType || item.type === wanted.HistoryItemType) &&
          item.at >= (wanted.StartDate ?? 0) * 1_000 &&
          item.at <= (wanted.EndDate ?? Number.POSITIVE_INFINITY) * 1_000,
      );
    const ordered = wanted.ScanBy === 'TimestampAscending' ? found : found.toReversed();
    const { items, next } = pageOf(ordered, wanted.MaxRecords ?? 100, wanted.NextToken);
    return {
      AlarmHistoryItems: items.map((item) => ({
        AlarmName: item.alarmName,
        AlarmType: 'MetricAlarm',
        Timestamp: item.at / 1_000,
        HistoryItemType: item.type,
        HistorySummary: item.summary,
        HistoryData: item.data,
      })),
      ...next,
    };
  },
  'ValidationError',
);

/** Operations on alarms. */
export const alarmOperations: [string, Operation<Context>][] = [
  ['DeleteAlarms', deleteAlarms],
  ['DescribeAlarmHistory', describeAlarmHistory],
  ['DescribeAlarms', describeAlarms],
  ['PutMetricAlarm', putMetricAlarm],
  ['SetAlarmState', setAlarmState],
];
