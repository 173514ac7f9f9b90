import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { cbor, tag } from '@smithy/core/cbor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AlarmNotification, startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from './support/adapter.ts';
import { itOf } from './support/differences.ts';
import { waitFor } from './support/wait-for.ts';

const adapters = await adaptersBeside(() => startCloudWatch({ intervalMs: 50 }));
const MINUTE = 60_000;

for (const adapter of adapters) {
  describe.skipIf(adapter.skip)(`CloudWatch: ${adapter.skip ?? adapter.name}`, () => {
    const it = itOf(adapter);
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

    const timeoutMs = adapter.name === 'aws' ? 55_000 : 3_000;
    const settled = { what: 'the metrics', timeoutMs, everyMs: 200 };

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
          { Id: 'double', Expression: '(calls + calls) - 0' },
        ],
      });

      const results = await waitFor(async () => {
        const { MetricDataResults = [] } = await client.send(query);
        return MetricDataResults[0]?.Values?.length === 2 ? MetricDataResults : undefined;
      }, settled);

      expect(results.map(({ Id, Values }) => [Id, Values])).toEqual([
        ['share', [25, 0]],
        ['double', [40, 20]],
      ]);
    });

    it('labels a metric by its name unless the query has a label', async () => {
      const MetricStat = { Metric: { Namespace, MetricName: 'Calls' }, Period: 60, Stat: 'Sum' };
      const label = async (Label?: string) => {
        const MetricDataQueries = [{ Id: 'm', Label, MetricStat }];
        const answer = await client.send(new GetMetricDataCommand({ ...range, MetricDataQueries }));
        return answer.MetricDataResults?.[0]?.Label;
      };

      expect([await label(), await label('mine')]).toEqual(['Calls', 'mine']);
    });

    it('refuses a range that does not go forward, or that holds too many points', async () => {
      const statistics = (StartTime: Date, EndTime: Date, Period: number) =>
        client.send(
          new GetMetricStatisticsCommand({
            Namespace,
            MetricName: 'Calls',
            StartTime,
            EndTime,
            Period,
            Statistics: ['Sum'],
          }),
        );
      const data = (StartTime: Date, EndTime: Date) =>
        client.send(
          new GetMetricDataCommand({
            StartTime,
            EndTime,
            MetricDataQueries: [
              { Id: 'e', Expression: 'FILL(m1, 0)', Period: 1 },
              {
                Id: 'm1',
                MetricStat: { Metric: { Namespace, MetricName: 'Calls' }, Period: 1, Stat: 'Sum' },
              },
            ],
          }),
        );
      const day = new Date(minute.getTime() - 1_441 * MINUTE);

      await expect(statistics(minute, minute, 60)).rejects.toMatchObject({
        name: expect.stringContaining('InvalidParameterValue'),
        message: 'The parameter StartTime must be less than the parameter EndTime.',
      });
      await expect(statistics(day, minute, 60)).rejects.toMatchObject({
        name: expect.stringContaining('InvalidParameterCombination'),
        message: expect.stringContaining('up to 1441 datapoints, which exceeds the limit of 1440'),
      });
      await expect(data(minute, minute)).rejects.toMatchObject({
        message: 'The parameter StartTime must be less than the parameter EndTime.',
      });
      await expect(data(new Date(0), new Date('2100-01-01'))).rejects.toMatchObject({
        $metadata: { httpStatusCode: 400 },
      });
    });

    it('writes the actions of an alarm into its history', async () => {
      const AlarmName = uniqueName('actions');
      const topic = (name: string) => `arn:aws:sns:us-east-1:000000000000:${name}`;
      const put = (ActionsEnabled: boolean) =>
        client.send(
          new PutMetricAlarmCommand({
            AlarmName,
            Namespace,
            MetricName: 'Nothing',
            Statistic: 'Sum',
            Period: 60,
            EvaluationPeriods: 1,
            Threshold: 1,
            ComparisonOperator: 'GreaterThanThreshold',
            TreatMissingData: 'ignore',
            ActionsEnabled,
            AlarmActions: [topic('alarm')],
            OKActions: [topic('ok')],
          }),
        );
      const set = (StateValue: 'OK' | 'ALARM') =>
        client.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'by hand' }));
      await put(true);
      await set('ALARM');
      await set('OK');
      await put(false);
      await set('ALARM');
      const actions = await waitFor(async () => {
        const { AlarmHistoryItems = [] } = await client.send(
          new DescribeAlarmHistoryCommand({
            AlarmName,
            HistoryItemType: 'Action',
            ScanBy: 'TimestampAscending',
          }),
        );
        return AlarmHistoryItems.length >= 2 ? AlarmHistoryItems : undefined;
      }, settled);
      await client.send(new DeleteAlarmsCommand({ AlarmNames: [AlarmName] }));

      expect(actions.map(({ HistorySummary }) => HistorySummary)).toEqual(
        ['alarm', 'ok'].map((name) => expect.stringContaining(`action ${topic(name)}`)),
      );
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

describe('the local CloudWatch', () => {
  const told: AlarmNotification[] = [];
  let service: Awaited<ReturnType<typeof startCloudWatch>>;
  beforeAll(async () => {
    service = await startCloudWatch({
      intervalMs: 3_600_000,
      onNotification: (notification) => told.push(notification),
    });
  });
  afterAll(() => service.close());

  const form = async (parameters: Record<string, string>) => {
    const response = await fetch(service.endpoint, {
      method: 'POST',
      body: new URLSearchParams({ Version: '2010-08-01', ...parameters }),
    });
    return { status: response.status, body: await response.text() };
  };
  const rpc = async (operation: string, input: object) => {
    const response = await fetch(
      `${service.endpoint}/service/GraniteServiceVersion20100801/operation/${operation}`,
      {
        method: 'POST',
        headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
        body: Buffer.from(cbor.serialize(input)),
      },
    );
    return {
      protocol: response.headers.get('smithy-protocol'),
      code: response.headers.get('x-amzn-query-error'),
      body: cbor.deserialize(new Uint8Array(await response.arrayBuffer())),
    };
  };
  const at = Math.floor(Date.now() / MINUTE) * 60 - 60;

  it('takes by one protocol what another reads', async () => {
    const iso = new Date(at * 1_000).toISOString();
    const put = await form({
      Action: 'PutMetricData',
      Namespace: 'Form',
      'MetricData.member.1.MetricName': 'M',
      'MetricData.member.1.Timestamp': iso,
      'MetricData.member.1.Dimensions.member.1.Name': 'D',
      'MetricData.member.1.Dimensions.member.1.Value': '7',
      'MetricData.member.1.Values.member.1': '1.5',
      'MetricData.member.1.Values.member.2': '4',
    });
    const read = await rpc('GetMetricStatistics', {
      Namespace: 'Form',
      MetricName: 'M',
      Dimensions: [{ Name: 'D', Value: '7' }],
      StartTime: tag({ tag: 1, value: at }),
      EndTime: tag({ tag: 1, value: at + 60 }),
      Period: 60,
      Statistics: ['Sum'],
    });
    const listed = await form({ Action: 'ListMetrics', Namespace: 'Form' });

    expect(put.status).toBe(200);
    expect(put.body).toContain('<PutMetricDataResponse');
    expect(read.protocol).toBe('rpc-v2-cbor');
    expect(read.body.Datapoints[0]).toMatchObject({ Sum: 5.5, Timestamp: { tag: 1, value: at } });
    expect(listed.body).toContain(
      '<Metrics><member><Namespace>Form</Namespace><MetricName>M</MetricName><Dimensions><member><Name>D</Name><Value>7</Value>',
    );
  });

  it('names an error in each protocol', async () => {
    const wrong = { AlarmName: 'none', StateValue: 'OK', StateReason: 'x' };
    const asForm = await form({ Action: 'SetAlarmState', ...wrong });
    const asCbor = await rpc('SetAlarmState', wrong);
    const unknown = await form({ Action: 'constructor' });

    expect([asForm.status, asForm.body]).toEqual([
      404,
      expect.stringContaining('<Code>ResourceNotFound</Code>'),
    ]);
    expect(asCbor.code).toBe('ResourceNotFound;Sender');
    expect(asCbor.body.__type).toBe('com.amazonaws.cloudwatch#ResourceNotFound');
    expect([unknown.status, unknown.body]).toEqual([
      400,
      expect.stringContaining('<Code>UnknownOperation</Code>'),
    ]);
  });

  it('answers three percentiles of a day in which much came every minute', async () => {
    // In the middle of a period of five minutes, so that a day touches one more than it fills.
    const clock = (Math.floor(Date.now() / (5 * MINUTE)) * 5 - 3) * MINUTE;
    const day = await startCloudWatch({ now: () => clock });
    const client = new CloudWatchClient(clientConfig(day.endpoint));
    const minutes = Array.from({ length: 1_440 }, (_, at) => clock - at * MINUTE);
    const datumOf = (time: number, half: number) => ({
      MetricName: 'Latency',
      Timestamp: new Date(time),
      Values: Array.from({ length: 150 }, (_, at) => 2 * at + half),
    });
    try {
      for (const half of [0, 1]) {
        for (let at = 0; at < minutes.length; at += 480) {
          const MetricData = minutes.slice(at, at + 480).map((time) => datumOf(time, half));
          await client.send(new PutMetricDataCommand({ Namespace: 'Busy', MetricData }));
        }
      }

      const { MetricDataResults = [] } = await client.send(
        new GetMetricDataCommand({
          StartTime: new Date(clock - 1_440 * MINUTE),
          EndTime: new Date(clock + MINUTE),
          MetricDataQueries: ['p50', 'p95', 'p99'].map((Stat) => {
            const Metric = { Namespace: 'Busy', MetricName: 'Latency' };
            return { Id: Stat, MetricStat: { Metric, Period: 300, Stat } };
          }),
        }),
      );

      expect(MetricDataResults.map(({ Values = [] }) => Values.length)).toEqual([289, 289, 289]);
      // Both halves of a minute are in it: all of 0 to 299, five times.
      expect(MetricDataResults.map(({ Values = [] }) => Values[5])).toEqual([
        149.5,
        expect.closeTo(284, 0),
        expect.closeTo(296, 0),
      ]);
    } finally {
      client.destroy();
      await day.close();
    }
  });

  it('publishes what services of AWS would, which no client may', async () => {
    const Dimensions = [{ Name: 'FunctionName', Value: 'f' }];
    const metric = { MetricName: 'IteratorAge', Dimensions, Unit: 'Milliseconds' } as const;
    const lambda = await startCloudWatch({
      intervalMs: 10,
      measure: () => ({ Namespace: 'AWS/Lambda', MetricData: [{ ...metric, Value: 42 }] }),
    });
    const client = new CloudWatchClient(clientConfig(lambda.endpoint));
    try {
      const maximum = await waitFor(
        async () => {
          const { Datapoints = [] } = await client.send(
            new GetMetricStatisticsCommand({
              ...{ Namespace: 'AWS/Lambda', MetricName: 'IteratorAge', Dimensions },
              ...{ StartTime: new Date(Date.now() - MINUTE), EndTime: new Date() },
              ...{ Period: 60, Statistics: ['Maximum'] },
            }),
          );
          return Datapoints[0];
        },
        { what: 'the iterator age', timeoutMs: 10_000, everyMs: 20 },
      );
      expect(maximum).toMatchObject({ Maximum: 42, Unit: 'Milliseconds' });
    } finally {
      client.destroy();
      await lambda.close();
    }
  });

  it('bounds the work of one request, however its points are asked for', async () => {
    const metric = {
      Id: 'm1',
      MetricStat: { Metric: { Namespace: 'Form', MetricName: 'M' }, Period: 60, Stat: 'Sum' },
      ReturnData: false,
    };
    const query = (Expression: string, count = 1) =>
      rpc('GetMetricData', {
        StartTime: tag({ tag: 1, value: 1e9 }),
        EndTime: tag({ tag: 1, value: 1e9 + 100_000 * 60 }),
        MetricDataQueries: [
          metric,
          ...Array.from({ length: count }, (_, index) => ({
            Id: `e${index}`,
            Expression,
            Period: 60,
          })),
        ],
      });
    const filled = 'FILL(m1, 0)';
    const deep = `${'FILL('.repeat(100)}m1${', 0)'.repeat(100)}`;
    const long = Array.from({ length: 100 }, () => filled).join('+');

    expect((await query(filled)).body.MetricDataResults[0].Values).toHaveLength(100_001);
    for (const answer of [await query(filled, 499), await query(deep), await query(long)]) {
      expect(answer.body.__type).toBe('com.amazonaws.cloudwatch#ValidationError');
    }
  });

  it.each([
    ['m1 + FILL(other, 0)', 'other is not the Id of a metric'],
    ['METRICS()', 'METRICS is not supported by the local CloudWatch'],
    ['2 + 2', 'comes to a number'],
    ['FILL(m1, ', 'found the end'],
  ])('refuses an alarm on %j when it is put', async (Expression, reason) => {
    const answer = await rpc('PutMetricAlarm', {
      AlarmName: 'refused',
      Metrics: [
        {
          Id: 'm1',
          MetricStat: { Metric: { Namespace: 'Form', MetricName: 'M' }, Period: 60, Stat: 'Sum' },
          ReturnData: false,
        },
        { Id: 'e1', Expression },
      ],
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    });

    expect(answer.body.__type).toBe('com.amazonaws.cloudwatch#ValidationError');
    expect(answer.body.message).toContain(reason);
  });

  it('forgets data after 15 days, history after 30, and what it no longer holds', async () => {
    let now = Date.now();
    const directory = await mkdtemp(join(tmpdir(), 'spanstream-forget-'));
    const start = () => startCloudWatch({ directory, intervalMs: 3_600_000, now: () => now });
    const ask = async ({ endpoint }: { endpoint: string }, operation: string, input: object) => {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: { 'x-amz-target': `GraniteServiceVersion20100801.${operation}` },
        body: JSON.stringify(input),
      });
      return (await response.json()) as Record<string, Record<string, string>[]>;
    };
    const held = async (started: { endpoint: string }) => {
      const { Metrics = [] } = await ask(started, 'ListMetrics', {});
      const { AlarmHistoryItems = [] } = await ask(started, 'DescribeAlarmHistory', {});
      return [Metrics.map(({ MetricName }) => MetricName), AlarmHistoryItems.length];
    };
    const first = await start();
    await ask(first, 'PutMetricAlarm', {
      AlarmName: 'kept',
      Namespace: 'Kept',
      MetricName: 'Old',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    });
    await ask(first, 'SetAlarmState', { AlarmName: 'kept', StateValue: 'OK', StateReason: 'x' });
    await ask(first, 'PutMetricData', {
      Namespace: 'Kept',
      MetricData: [{ MetricName: 'Old', Value: 1 }],
    });
    now += 10 * 86_400_000;
    await ask(first, 'PutMetricData', {
      Namespace: 'Kept',
      MetricData: [{ MetricName: 'New', Value: 1 }],
    });
    const before = await held(first);
    await first.close();
    now += 6 * 86_400_000;
    const second = await start();
    const after = await held(second);
    await second.close();
    now += 20 * 86_400_000;
    const third = await start();
    const last = await held(third);
    const { MetricAlarms = [] } = await ask(third, 'DescribeAlarms', {});
    await third.close();
    await rm(directory, { recursive: true });

    expect([before, after, last]).toEqual([
      [expect.arrayContaining(['Old', 'New']), 1],
      [['New'], 1],
      [[], 0],
    ]);
    expect(MetricAlarms).toMatchObject([{ AlarmName: 'kept', StateValue: 'OK' }]);
  });

  it('tells whoever listens what an alarm sends', async () => {
    const action = 'arn:aws:sns:us-east-1:000000000000:topic';
    await rpc('PutMetricAlarm', {
      AlarmName: 'told',
      Namespace: 'Form',
      MetricName: 'M',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      AlarmActions: [action],
    });
    await rpc('SetAlarmState', { AlarmName: 'told', StateValue: 'ALARM', StateReason: 'by hand' });

    expect(told).toEqual([
      {
        action,
        message: expect.objectContaining({
          AlarmName: 'told',
          NewStateValue: 'ALARM',
          NewStateReason: 'by hand',
          OldStateValue: 'INSUFFICIENT_DATA',
        }),
      },
    ]);
  });
});
