import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Alarm } from '../alarms.ts';
import type { Operation } from '../context.ts';
import { pageOf } from '../page.ts';

const schema = z.object({
  AlarmNames: z.array(z.string()).max(100).nullish(),
  AlarmNamePrefix: z.string().nullish(),
  StateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']).nullish(),
  ActionPrefix: z.string().nullish(),
  MaxRecords: z.int().min(1).max(100).nullish(),
  NextToken: z.string().nullish(),
});

/** DescribeAlarms; there are metric alarms only. */
export const describeAlarms: Operation = async ({ alarms }, input) => {
  const wanted = parseInput(schema, input, 'ValidationError');
  const found = alarms
    .all()
    .filter(
      ({ configuration, state }) =>
        (!wanted.AlarmNames?.length || wanted.AlarmNames.includes(configuration.AlarmName)) &&
        configuration.AlarmName.startsWith(wanted.AlarmNamePrefix ?? '') &&
        (!wanted.StateValue || wanted.StateValue === state) &&
        (!wanted.ActionPrefix ||
          configuration.AlarmActions.some((a) => a.startsWith(wanted.ActionPrefix ?? ''))),
    );
  const { items, next } = pageOf(found, wanted.MaxRecords ?? 50, wanted.NextToken);
  return { MetricAlarms: items.map(metricAlarm), CompositeAlarms: [], ...next };
};

function metricAlarm({ configuration, ...alarm }: Alarm) {
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
