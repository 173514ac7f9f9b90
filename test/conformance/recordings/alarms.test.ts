import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from '../support/adapter.ts';
import { describeFacts, type Fact, refusal } from './facts.ts';

const TESTS = 'cloudwatch/test_cloudwatch.py::TestCloudwatch::';

function connect(endpoint: string | undefined) {
  const client = new CloudWatchClient(clientConfig(endpoint));
  const alarms: string[] = [];
  const destroy = async () => {
    if (alarms.length > 0) await client.send(new DeleteAlarmsCommand({ AlarmNames: alarms }));
    client.destroy();
  };
  return { client, alarms, destroy };
}
type Connection = ReturnType<typeof connect>;

/** An alarm of its own on a metric that nobody puts. */
async function alarmOf(
  { client, alarms }: Connection,
  given: Partial<PutMetricAlarmCommandInput> = {},
) {
  const AlarmName = uniqueName('recorded');
  await client.send(
    new PutMetricAlarmCommand({
      ...{ AlarmName, Namespace: uniqueName('Recorded'), MetricName: 'metric', Statistic: 'Sum' },
      ...{ Period: 60, EvaluationPeriods: 1, Threshold: 30 },
      ComparisonOperator: 'GreaterThanThreshold',
      ...given,
    }),
  );
  alarms.push(AlarmName);
  return {
    AlarmName,
    set: (StateValue: 'OK' | 'ALARM', name = AlarmName) =>
      client.send(
        new SetAlarmStateCommand({ AlarmName: name, StateValue, StateReason: 'testing alarm' }),
      ),
    describe: async () => {
      const answer = await client.send(new DescribeAlarmsCommand({ AlarmNames: [AlarmName] }));
      return answer.MetricAlarms?.[0];
    },
  };
}

const facts: Fact<Connection>[] = [
  {
    fact: 'begins an alarm unchecked, with actions on and none named',
    recording: `${TESTS}test_describe_minimal_metric_alarm`,
    ask: async (connection) => {
      const alarm = await (await alarmOf(connection)).describe();
      return {
        ...{ state: alarm?.StateValue, reason: alarm?.StateReason, on: alarm?.ActionsEnabled },
        actions: [alarm?.AlarmActions, alarm?.OKActions, alarm?.InsufficientDataActions],
        dimensions: alarm?.Dimensions,
      };
    },
    expected: {
      ...{ state: 'INSUFFICIENT_DATA', reason: 'Unchecked: Initial alarm creation', on: true },
      ...{ actions: [[], [], []], dimensions: [] },
    },
  },
  {
    fact: 'says of missing data only where the alarm does',
    recording: `${TESTS}test_describe_minimal_metric_alarm`,
    ask: async (connection) => (await (await alarmOf(connection)).describe())?.TreatMissingData,
    expected: undefined,
  },
  {
    fact: 'puts an alarm into the state that it is set to, with the reason given',
    recording: `${TESTS}test_enable_disable_alarm_actions`,
    ask: async (connection) => {
      const { set, describe } = await alarmOf(connection, { TreatMissingData: 'ignore' });
      await set('ALARM');
      return async () => {
        const alarm = await describe();
        return [alarm?.StateValue, alarm?.StateReason];
      };
    },
    expected: ['ALARM', 'testing alarm'],
  },
  {
    fact: 'writes down from which state to which an alarm went, and why',
    recording: `${TESTS}test_put_metric_alarm`,
    ask: async (connection) => {
      const { AlarmName, set } = await alarmOf(connection, { TreatMissingData: 'ignore' });
      await set('ALARM');
      return async () => {
        const { AlarmHistoryItems = [] } = await connection.client.send(
          new DescribeAlarmHistoryCommand({ AlarmName, HistoryItemType: 'StateUpdate' }),
        );
        const [{ HistoryData = '{}', HistorySummary, AlarmType } = {}] = AlarmHistoryItems;
        const { oldState, newState } = JSON.parse(HistoryData);
        return [HistorySummary, AlarmType, oldState, [newState?.stateValue, newState?.stateReason]];
      };
    },
    expected: [
      ...['Alarm updated from INSUFFICIENT_DATA to ALARM', 'MetricAlarm'],
      { stateValue: 'INSUFFICIENT_DATA', stateReason: 'Unchecked: Initial alarm creation' },
      ['ALARM', 'testing alarm'],
    ],
  },
  ...(
    [
      ['breaching', 2, 'ALARM'],
      ['notBreaching', 1, 'OK'],
    ] as const
  ).map(
    ([TreatMissingData, EvaluationPeriods, state]): Fact<Connection> => ({
      fact: `decides by itself where missing data are ${TreatMissingData}: ${state}`,
      recording: `${TESTS}${state === 'OK' ? 'test_put_metric_alarm' : 'test_breaching_alarm_actions'}`,
      ask: async (connection) => {
        const { describe } = await alarmOf(connection, {
          ...{ TreatMissingData, EvaluationPeriods, Period: 10 },
        });
        return async () => (await describe())?.StateValue;
      },
      expected: state,
    }),
  ),
  {
    fact: 'refuses a state that is none',
    recording: `${TESTS}test_set_alarm_invalid_input`,
    ask: async (connection) => refusal((await alarmOf(connection)).set('INVALID' as 'OK')),
    expected: ['Validation', 400],
  },
  {
    fact: 'knows no alarm that was not put',
    recording: `${TESTS}test_set_alarm_invalid_input`,
    ask: async (connection) => {
      const { AlarmName, set } = await alarmOf(connection);
      return refusal(set('OK', `${AlarmName}-nonexistent`));
    },
    expected: ['ResourceNotFound', 404],
  },
  {
    fact: 'forgets an alarm that was deleted',
    recording: `${TESTS}test_delete_alarm`,
    ask: async (connection) => {
      const { AlarmName, describe } = await alarmOf(connection);
      await connection.client.send(new DeleteAlarmsCommand({ AlarmNames: [AlarmName] }));
      connection.alarms.pop();
      return () => describe();
    },
    expected: undefined,
  },
];

describeFacts(
  'Alarms',
  await adaptersBeside(() => startCloudWatch({ intervalMs: 50 })),
  connect,
  facts,
);
