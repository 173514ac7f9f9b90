import { z } from 'zod';
import { listOf, type Operation, type Operations, operation, ServiceError } from '../operations.ts';
import {
  type Alarm,
  alarmsOf,
  arnOf,
  type CloudWatch,
  changeState,
  evaluateAlarm,
  historyOf,
  keyOf,
} from './alarms.ts';
import { alarmSchema, nameSchema, pageOf, stateSchema, tokenSchema } from './schemas.ts';

const pageMembers = { MaxRecords: z.int().min(1).max(100).default(100), NextToken: tokenSchema };

/** An operation on alarms; no other reads or writes meanwhile. */
function alone<Schema extends z.ZodType>(
  schema: Schema,
  run: (cloudWatch: CloudWatch, input: z.output<Schema>) => Promise<unknown>,
): Operation<CloudWatch> {
  const inTurn = (cloudWatch: CloudWatch, input: z.output<Schema>) =>
    cloudWatch.alone(run, cloudWatch, input);
  return operation(schema, inTurn, 'ValidationError');
}

async function alarmNamed({ db }: CloudWatch, name: string): Promise<Alarm> {
  const alarm = (await db.get(keyOf(name))) as Alarm | undefined;
  if (alarm !== undefined) return alarm;
  throw new ServiceError('ResourceNotFound', `no such alarm: ${name}`, { statusCode: 404 });
}

/** Operations on alarms, of which there are metric alarms only. */
export const alarmOperations: Operations<CloudWatch> = {
  /** A new alarm starts as INSUFFICIENT_DATA, a changed one keeps its state. */
  PutMetricAlarm: alone(alarmSchema, async (cloudWatch, configuration) => {
    // An expression that cannot be evaluated now never can.
    await evaluateAlarm(cloudWatch, configuration);
    const { db, now } = cloudWatch;
    const at = now() / 1_000;
    const key = keyOf(configuration.AlarmName);
    const before = (await db.get(key)) as Alarm | undefined;
    const value: Alarm = {
      ...configuration,
      AlarmArn: arnOf(configuration.AlarmName),
      AlarmConfigurationUpdatedTimestamp: at,
      StateValue: before?.StateValue ?? 'INSUFFICIENT_DATA',
      StateReason: before?.StateReason ?? 'Unchecked: Initial alarm creation',
      StateUpdatedTimestamp: before?.StateUpdatedTimestamp ?? at,
      StateTransitionedTimestamp: before?.StateTransitionedTimestamp ?? at,
    };
    await db.batch([{ type: 'put', key, value }]);
  }),
  /** All of them or, where one does not exist, none. */
  DeleteAlarms: alone(
    z.object({ AlarmNames: listOf(nameSchema, 100) }),
    async (cloudWatch, { AlarmNames }) => {
      for (const name of AlarmNames) await alarmNamed(cloudWatch, name);
      await cloudWatch.db.batch(AlarmNames.map((name) => ({ type: 'del', key: keyOf(name) })));
    },
  ),
  /** It lasts until the next evaluation. */
  SetAlarmState: alone(
    z.object({
      AlarmName: nameSchema,
      StateValue: stateSchema,
      StateReason: z.string().max(1023),
    }),
    async (cloudWatch, { AlarmName, ...wanted }) =>
      changeState(cloudWatch, await alarmNamed(cloudWatch, AlarmName), wanted),
  ),
  DescribeAlarms: alone(
    z.object({
      AlarmNames: listOf(z.string(), 100).default([]),
      AlarmNamePrefix: z.string().default(''),
      StateValue: stateSchema.optional(),
      ...pageMembers,
      MaxRecords: pageMembers.MaxRecords.default(50),
    }),
    async ({ db }, { AlarmNames, AlarmNamePrefix, StateValue, MaxRecords, NextToken }) => {
      const found = (await alarmsOf(db)).filter(
        (alarm) =>
          (AlarmNames.length === 0 || AlarmNames.includes(alarm.AlarmName)) &&
          alarm.AlarmName.startsWith(AlarmNamePrefix) &&
          (StateValue ?? alarm.StateValue) === alarm.StateValue,
      );
      const { page, ...next } = pageOf(found, MaxRecords, NextToken);
      return { MetricAlarms: page, CompositeAlarms: [], ...next };
    },
  ),
  /** Newest first unless asked otherwise. */
  DescribeAlarmHistory: alone(
    z.object({
      AlarmName: z.string().optional(),
      HistoryItemType: z.enum(['ConfigurationUpdate', 'StateUpdate', 'Action']).optional(),
      ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).optional(),
      ...pageMembers,
    }),
    async ({ db }, { AlarmName, HistoryItemType, ScanBy, MaxRecords, NextToken }) => {
      const found = (await historyOf(db)).filter(
        (line) =>
          (AlarmName ?? line.AlarmName) === line.AlarmName &&
          (HistoryItemType ?? line.HistoryItemType) === line.HistoryItemType,
      );
      if (ScanBy !== 'TimestampAscending') found.reverse();
      const { page, ...next } = pageOf(found, MaxRecords, NextToken);
      return { AlarmHistoryItems: page, ...next };
    },
  ),
};
