import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { awsAdapter, clientConfig, localAdapter, uniqueName } from './support/adapter.ts';
import { waitFor } from './support/wait-for.ts';

const adapters = [
  localAdapter('our own', () => startCloudWatch({ alarmIntervalMs: 50 })),
  awsAdapter(),
];
const MINUTE = 60_000;

for (const adapter of adapters) {
  describe.skipIf(adapter.skip)(`CloudWatch: ${adapter.skip ?? adapter.name}`, () => {
    let service: Awaited<ReturnType<typeof adapter.start>>;
    let client: CloudWatchClient;
    const Namespace = uniqueName('Conformance');
    const minute = new Date(Math.floor(Date.now() / MINUTE) * MINUTE - 2 * MINUTE);
    const range = { StartTime: minute, EndTime: new Date(minute.getTime() + 3 * MINUTE) };

    beforeAll(async () => {
      service = await adapter.start();
      client = new CloudWatchClient(clientConfig(service.endpoint));
      await client.send(
        new PutMetricDataCommand({
          Namespace,
          MetricData: [
            { MetricName: 'Latency', Timestamp: minute, Values: [1, 2, 3], Counts: [1, 98, 1] },
            { MetricName: 'Errors', Timestamp: minute, Value: 5 },
            { MetricName: 'Calls', Timestamp: minute, Value: 20 },
            {
              MetricName: 'Calls',
              Timestamp: new Date(minute.getTime() + MINUTE),
              StatisticValues: { SampleCount: 2, Sum: 10, Minimum: 4, Maximum: 6 },
            },
            // Large enough for the client to compress the body.
            ...Array.from({ length: 200 }, (_, index) => ({
              MetricName: 'Many',
              Dimensions: [{ Name: 'Index', Value: String(index) }],
              Timestamp: minute,
              Value: index,
            })),
          ],
        }),
      );
    });
    afterAll(async () => {
      client.destroy();
      await service.close();
    });

    const settled = { what: 'the metrics', timeoutMs: 55_000, everyMs: 200 };

    it('answers statistics and percentiles of values and counts', async () => {
      const query = new GetMetricStatisticsCommand({
        Namespace,
        MetricName: 'Latency',
        ...range,
        Period: 60,
        Statistics: ['Sum', 'SampleCount', 'Minimum', 'Maximum', 'Average'],
      });
      const plain = await waitFor(async () => (await client.send(query)).Datapoints?.[0], settled);
      const extended = await client.send(
        new GetMetricStatisticsCommand({
          Namespace,
          MetricName: 'Latency',
          ...range,
          Period: 60,
          ExtendedStatistics: ['p50'],
        }),
      );

      expect(plain).toMatchObject({
        Sum: 200,
        SampleCount: 100,
        Minimum: 1,
        Maximum: 3,
        Average: 2,
      });
      expect(plain.Timestamp).toEqual(minute);
      expect(extended.Datapoints?.[0]?.ExtendedStatistics?.p50).toBeCloseTo(2);
    });

    it('answers metric math', async () => {
      const metric = (Id: string, MetricName: string) => ({
        Id,
        MetricStat: { Metric: { Namespace, MetricName }, Period: 60, Stat: 'Sum' },
        ReturnData: false,
      });
      const query = new GetMetricDataCommand({
        ...range,
        ScanBy: 'TimestampAscending',
        MetricDataQueries: [
          metric('errors', 'Errors'),
          metric('calls', 'Calls'),
          { Id: 'share', Expression: '100 * FILL(errors, 0) / calls' },
          { Id: 'busy', Expression: 'IF(calls > 15, 1, 0)' },
        ],
      });

      const results = await waitFor(async () => {
        const { MetricDataResults = [] } = await client.send(query);
        return MetricDataResults[0]?.Values?.length === 2 ? MetricDataResults : undefined;
      }, settled);

      expect(results.map(({ Id, Values }) => [Id, Values])).toEqual([
        ['share', [25, 0]],
        ['busy', [1, 0]],
      ]);
    });

    it.skipIf(adapter.name === 'aws')('lists metrics by dimension', async () => {
      const { Metrics } = await client.send(
        new ListMetricsCommand({ Namespace, Dimensions: [{ Name: 'Index', Value: '7' }] }),
      );

      expect(Metrics).toEqual([
        { Namespace, MetricName: 'Many', Dimensions: [{ Name: 'Index', Value: '7' }] },
      ]);
    });

    it('refuses a datum that breaks a rule, and keeps nothing of its call', async () => {
      const wrong = client.send(
        new PutMetricDataCommand({
          Namespace,
          MetricData: [
            { MetricName: 'Refused', Value: 1 },
            { MetricName: 'Refused', Values: Array.from({ length: 151 }, (_, index) => index) },
          ],
        }),
      );

      await expect(wrong).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
      const { Metrics } = await client.send(
        new ListMetricsCommand({ Namespace, MetricName: 'Refused' }),
      );
      expect(Metrics).toEqual([]);
    });

    it('evaluates alarms, of metrics and of math, and writes their history', async () => {
      const names = [uniqueName('plain'), uniqueName('math')];
      const common = {
        EvaluationPeriods: 5,
        DatapointsToAlarm: 1,
        Threshold: 15,
        ComparisonOperator: 'GreaterThanThreshold' as const,
        TreatMissingData: 'notBreaching',
      };
      await client.send(
        new PutMetricAlarmCommand({
          ...common,
          AlarmName: names[0],
          Namespace,
          MetricName: 'Calls',
          Statistic: 'Sum',
          Period: 60,
        }),
      );
      await client.send(
        new PutMetricAlarmCommand({
          ...common,
          AlarmName: names[1],
          Metrics: [
            {
              Id: 'calls',
              MetricStat: { Metric: { Namespace, MetricName: 'Calls' }, Period: 60, Stat: 'Sum' },
              ReturnData: false,
            },
            { Id: 'double', Expression: 'calls * 2' },
          ],
        }),
      );

      const ringing = await waitFor(async () => {
        const { MetricAlarms = [] } = await client.send(
          new DescribeAlarmsCommand({ AlarmNames: names, StateValue: 'ALARM' }),
        );
        return MetricAlarms.length === 2 ? MetricAlarms : undefined;
      }, settled);
      const { AlarmHistoryItems = [] } = await client.send(
        new DescribeAlarmHistoryCommand({ AlarmName: names[0], HistoryItemType: 'StateUpdate' }),
      );
      await client.send(
        new SetAlarmStateCommand({
          AlarmName: names[0],
          StateValue: 'OK',
          StateReason: 'by hand',
        }),
      );
      await client.send(new DeleteAlarmsCommand({ AlarmNames: names }));
      const left = await client.send(new DescribeAlarmsCommand({ AlarmNames: names }));

      expect(ringing[0]?.StateReason).toContain('15');
      expect(AlarmHistoryItems[0]?.HistorySummary).toContain('to ALARM');
      expect(left.MetricAlarms).toEqual([]);
    });
  });
}
