import { z } from 'zod';
import { listOf, type Operation, operation, ServiceError } from '../operations.ts';
import { type Alarm, type Context, changeState, evaluateAlarm } from './alarms.ts';
import { pageOf } from './metric-operations.ts';
import { alarmSchema, nameSchema, stateSchema } from './schemas.ts';

const pageMembers = {
  MaxRecords: z.int().min(1).max(100).optional(),
  NextToken: z.string().optional(),
};

/** An operation that reads and then writes, so that no other may write in between. */
function change<Schema extends z.ZodType>(
  schema: Schema,
  run: (context: Context, input: z.output<Schema>) => Promise<void>,
): Operation<Context> {
  const alone = (context: Context, input: z.output<Schema>) =>
    context.alone(async () => {
      await run(context, input);
      return {};
    });
  return operation(schema, alone, 'ValidationError');
}

/** A new alarm starts as INSUFFICIENT_DATA, a changed one keeps its state. */
const putMetricAlarm = change(alarmSchema, async (context, configuration) => {
  const { AlarmName } = configuration;
  // An expression that cannot be evaluated now never can.
  await evaluateAlarm(context, configuration);
  const at = context.now();
  const before = await context.alarms.get(AlarmName);
  await context.alarms.save({
    state: 'INSUFFICIENT_DATA',
    reason: 'Unchecked: Initial alarm creation',
    changedAt: at,
    ...before,
    arn: `arn:aws:cloudwatch:${context.region}:${context.account}:alarm:${AlarmName}`,
    configuration,
    configuredAt: at,
  });
});

/** All of them or, where one does not exist, none. */
const deleteAlarms = change(
  z.object({ AlarmNames: listOf(nameSchema, 100) }),
  async ({ alarms }, { AlarmNames }) => {
    for (const name of AlarmNames) await existing(alarms.get(name), name);
    await alarms.remove(AlarmNames);
  },
);

/** It lasts until the next evaluation. */
const setAlarmState = change(
  z.object({
    AlarmName: nameSchema,
    StateValue: stateSchema,
    StateReason: z.string().max(1023),
  }),
  async (context, { AlarmName, StateValue: state, StateReason: reason }) => {
    const alarm = await existing(context.alarms.get(AlarmName), AlarmName);
    await changeState(context, alarm, { state, reason });
  },
);

async function existing(alarm: Promise<Alarm | undefined>, name: string): Promise<Alarm> {
  const found = await alarm;
  if (found !== undefined) return found;
  throw new ServiceError('ResourceNotFound', `no such alarm: ${name}`, { statusCode: 404 });
}

/** There are metric alarms only. */
const describeAlarms = operation(
  z.object({
    AlarmNames: listOf(z.string(), 100).optional(),
    AlarmNamePrefix: z.string().default(''),
    StateValue: stateSchema.optional(),
    ...pageMembers,
  }),
  async ({ alarms }: Context, wanted) => {
    const found = (await alarms.all()).filter(
      ({ configuration: { AlarmName }, state }) =>
        (!wanted.AlarmNames?.length || wanted.AlarmNames.includes(AlarmName)) &&
        AlarmName.startsWith(wanted.AlarmNamePrefix) &&
        (!wanted.StateValue || wanted.StateValue === state),
    );
    const { items, next } = pageOf(found, wanted.MaxRecords ?? 50, wanted.NextToken);
    return {
      MetricAlarms: items.map(({ configuration, ...alarm }) => ({
        ...configuration,
        AlarmArn: alarm.arn,
        AlarmConfigurationUpdatedTimestamp: alarm.configuredAt / 1_000,
        StateValue: alarm.state,
        StateReason: alarm.reason,
        StateUpdatedTimestamp: alarm.changedAt / 1_000,
        StateTransitionedTimestamp: alarm.changedAt / 1_000,
      })),
      CompositeAlarms: [],
      ...next,
    };
  },
  'ValidationError',
);

/** Newest first unless asked otherwise. */
const describeAlarmHistory = operation(
  z.object({
    AlarmName: z.string().optional(),
    HistoryItemType: z.enum(['ConfigurationUpdate', 'StateUpdate', 'Action']).optional(),
    StartDate: z.number().default(0),
    EndDate: z.number().default(Number.POSITIVE_INFINITY),
    ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).optional(),
    ...pageMembers,
  }),
  async ({ alarms }: Context, wanted) => {
    const found = (await alarms.history()).filter(
      ({ alarmName, type, at }) =>
        (!wanted.AlarmName || wanted.AlarmName === alarmName) &&
        (!wanted.HistoryItemType || wanted.HistoryItemType === type) &&
        at >= wanted.StartDate * 1_000 &&
        at <= wanted.EndDate * 1_000,
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
        HistoryData: JSON.stringify(item.data),
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
