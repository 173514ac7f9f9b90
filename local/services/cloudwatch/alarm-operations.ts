import { z } from 'zod';
import { listOf, type Operation, operation, ServiceError } from '../operations.ts';
import { type Alarm, arnOf, type Context, changeState, evaluateAlarm } from './alarms.ts';
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
  const at = context.now() / 1_000;
  const before = await context.alarms.get(AlarmName);
  await context.alarms.save({
    ...configuration,
    AlarmArn: arnOf(AlarmName),
    AlarmConfigurationUpdatedTimestamp: at,
    StateValue: before?.StateValue ?? 'INSUFFICIENT_DATA',
    StateReason: before?.StateReason ?? 'Unchecked: Initial alarm creation',
    StateUpdatedTimestamp: before?.StateUpdatedTimestamp ?? at,
    StateTransitionedTimestamp: before?.StateTransitionedTimestamp ?? at,
  });
});

/** All of them or, where one does not exist, none. */
const deleteAlarms = change(
  z.object({ AlarmNames: listOf(nameSchema, 100) }),
  async (context, { AlarmNames }) => {
    for (const name of AlarmNames) await existing(context, name);
    await context.alarms.remove(AlarmNames);
  },
);

/** It lasts until the next evaluation. */
const setAlarmState = change(
  z.object({
    AlarmName: nameSchema,
    StateValue: stateSchema,
    StateReason: z.string().max(1023),
  }),
  async (context, { AlarmName, ...wanted }) => {
    await changeState(context, await existing(context, AlarmName), wanted);
  },
);

async function existing({ alarms }: Context, name: string): Promise<Alarm> {
  const alarm = await alarms.get(name);
  if (alarm !== undefined) return alarm;
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
      ({ AlarmName, StateValue }) =>
        (!wanted.AlarmNames?.length || wanted.AlarmNames.includes(AlarmName)) &&
        AlarmName.startsWith(wanted.AlarmNamePrefix) &&
        (!wanted.StateValue || wanted.StateValue === StateValue),
    );
    const { items, next } = pageOf(found, wanted.MaxRecords ?? 50, wanted.NextToken);
    return { MetricAlarms: items, CompositeAlarms: [], ...next };
  },
  'ValidationError',
);

/** Newest first unless asked otherwise. */
const describeAlarmHistory = operation(
  z.object({
    AlarmName: z.string().optional(),
    HistoryItemType: z.enum(['ConfigurationUpdate', 'StateUpdate', 'Action']).optional(),
    ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).optional(),
    ...pageMembers,
  }),
  async ({ alarms }: Context, wanted) => {
    const found = (await alarms.history()).filter(
      ({ AlarmName, HistoryItemType }) =>
        (!wanted.AlarmName || wanted.AlarmName === AlarmName) &&
        (!wanted.HistoryItemType || wanted.HistoryItemType === HistoryItemType),
    );
    const ordered = wanted.ScanBy === 'TimestampAscending' ? found : found.toReversed();
    const { items, next } = pageOf(ordered, wanted.MaxRecords ?? 100, wanted.NextToken);
    return { AlarmHistoryItems: items, ...next };
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
