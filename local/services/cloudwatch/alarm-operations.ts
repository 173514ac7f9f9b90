import * as z from 'zod';
import { entry } from '../key-value-store.ts';
import { inOrder, listOf, type Operations, operation, ServiceError } from '../operations.ts';
import {
  type Alarm,
  alarmKey,
  alarmOf,
  alarmsOf,
  arnOf,
  type CloudWatch,
  changeState,
  evaluateAlarm,
  historyOf,
  saveAlarm,
} from './alarms.ts';
import { alarmSchema, nameSchema, stateSchema } from './schemas.ts';

const INVALID = 'ValidationError';

function alarmNamed({ store }: CloudWatch, name: string): Alarm {
  const alarm = alarmOf(store, name);
  if (alarm !== undefined) return alarm;
  throw new ServiceError('ResourceNotFound', `no such alarm: ${name}`, { statusCode: 404 });
}

/** Operations on alarms, of which there are metric alarms only. */
export const alarmOperations: Operations<CloudWatch> = {
  /** A new alarm starts as INSUFFICIENT_DATA, a changed one keeps its state. */
  PutMetricAlarm: operation(
    alarmSchema,
    async (cloudWatch, configuration) => {
      // An expression that cannot be evaluated now never can.
      await evaluateAlarm(cloudWatch, configuration);
      const at = cloudWatch.now() / 1_000;
      const before = alarmOf(cloudWatch.store, configuration.AlarmName);
      await saveAlarm(cloudWatch, {
        ...configuration,
        AlarmArn: arnOf(configuration.AlarmName),
        AlarmConfigurationUpdatedTimestamp: at,
        StateValue: before?.StateValue ?? 'INSUFFICIENT_DATA',
        StateReason: before?.StateReason ?? 'Unchecked: Initial alarm creation',
        StateUpdatedTimestamp: before?.StateUpdatedTimestamp ?? at,
        StateTransitionedTimestamp: before?.StateTransitionedTimestamp ?? at,
      });
    },
    INVALID,
  ),
  /** All of them or, where one does not exist, none. */
  DeleteAlarms: operation(
    z.object({ AlarmNames: listOf(nameSchema, 100) }),
    async (cloudWatch, { AlarmNames }) => {
      for (const name of AlarmNames) alarmNamed(cloudWatch, name);
      await cloudWatch.store.commit(AlarmNames.map((name) => entry(alarmKey(name), undefined)));
    },
    INVALID,
  ),
  /** It lasts until the next evaluation. */
  SetAlarmState: operation(
    z.object({
      AlarmName: nameSchema,
      StateValue: stateSchema,
      StateReason: z.string().max(1023),
    }),
    (cloudWatch, { AlarmName, ...wanted }) =>
      changeState(cloudWatch, alarmNamed(cloudWatch, AlarmName), wanted),
    INVALID,
  ),
  DescribeAlarms: operation(
    z.object({
      AlarmNames: listOf(z.string(), 100).default([]),
      AlarmNamePrefix: z.string().default(''),
      StateValue: stateSchema.optional(),
    }),
    async ({ store }, { AlarmNames, AlarmNamePrefix, StateValue }) => {
      const found = (await alarmsOf(store)).filter(
        (alarm) =>
          (AlarmNames.length === 0 || AlarmNames.includes(alarm.AlarmName)) &&
          alarm.AlarmName.startsWith(AlarmNamePrefix) &&
          (StateValue ?? alarm.StateValue) === alarm.StateValue,
      );
      return { MetricAlarms: inOrder(found, ({ AlarmName }) => AlarmName), CompositeAlarms: [] };
    },
    INVALID,
  ),
  /** Newest first unless asked otherwise. */
  DescribeAlarmHistory: operation(
    z.object({
      AlarmName: z.string().optional(),
      HistoryItemType: z.enum(['ConfigurationUpdate', 'StateUpdate', 'Action']).optional(),
      ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).optional(),
    }),
    async ({ store }, { AlarmName, HistoryItemType, ScanBy }) => {
      const AlarmHistoryItems = (await historyOf(store)).filter(
        (item) =>
          (AlarmName ?? item.AlarmName) === item.AlarmName &&
          (HistoryItemType ?? item.HistoryItemType) === item.HistoryItemType,
      );
      if (ScanBy !== 'TimestampAscending') AlarmHistoryItems.reverse();
      return { AlarmHistoryItems };
    },
    INVALID,
  ),
};
