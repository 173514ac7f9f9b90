import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, describe, expect, it } from 'vitest';
import { summarize } from '#consumers/metrics/summarize.ts';
import { localClients } from '#local/cloud/clients.ts';
import { startServices } from '#local/cloud/services.ts';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import {
  type AlarmDefinition,
  alarmDefinitions,
  isExpression,
  type MetricSignal,
  putMetricAlarmInput,
} from '#shared/alarms.ts';
import { metricNames } from '#shared/metric-names.ts';
import { resourceNames } from '#shared/names.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';
import { parseSettings } from '#shared/settings.ts';
import { provision } from '#stacks/local/provision.ts';
import { clientConfig } from '#test/conformance/support/adapter.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { resultOf } from '#test/consumers/metrics/doubles.ts';
import { makeFolder } from './support/folders.ts';

const settings = parseSettings({
  environmentName: 'alarms',
  alarms: { rejectedRecords: 3, unservedTexts: 2, personalData: 5, drift: 0.25 },
});
const names = resourceNames(settings.environmentName);
const definitions = alarmDefinitions(settings, names);
const HOUR = 3_600_000;
const TOPIC = `arn:aws:sns:us-east-1:000000000000:${names.alarmTopic}`;

type Watched = Omit<MetricSignal, 'statistic'> & { readonly value: number };

/** No client may put metrics under a namespace of AWS: where AWS itself would, the test does so under another. */
const onceNative = <T>(value: T): T =>
  typeof value === 'string' ? (value.replace(/^AWS\//, 'Native/') as T & string) : value;

const own = (metric: string, value: number, dimensions = {}): Watched => ({
  namespace: names.metricsNamespace,
  metric,
  dimensions,
  value,
});

/** What an alarm is driven with: its metric at the threshold, or just over it; of a sum, each of its metrics alone. */
function drivesOf(definition: AlarmDefinition) {
  const { id, signal, threshold, comparison } = definition;
  const drive = (what: string, bad: Watched[], good: Watched[] = []) => ({
    id,
    what,
    definition,
    bad,
    good,
  });
  if (id === 'silence') {
    // What calls over HTTP bring is published all the while.
    const data = summarize([{ createdAt: 1, item: called }], {
      lowConfidenceThreshold: 0.5,
      now: 2,
    });
    const calls = data.flatMap(({ name, dimensions, values }) =>
      values.map((value) => own(name, value, dimensions)),
    );
    return [drive('calls alone', calls, [own(metricNames.recordsStreamed, 1)])];
  }
  if (id === 'canary-failed') {
    const probe = (failed: number) => [own(metricNames.canaryFailed, failed)];
    return [drive('failed probes', probe(1), probe(0)), drive('no probe', [], probe(0))];
  }
  if (id === 'unanswered-share') {
    const data = [own('QuestionsUnanswered', 9), own('QuestionsAnswered', 1)];
    return [drive('nine of ten', data)];
  }
  const value = comparison === 'GreaterThanThreshold' ? threshold + 0.01 : threshold;
  const watched = isExpression(signal) ? Object.values(signal.metrics) : [signal];
  return watched.map(({ statistic: _, ...metric }) =>
    drive(Object.values({ ...metric.dimensions, metric: metric.metric }).join(' '), [
      { ...metric, value },
    ]),
  );
}

const called = { ...resultOf(1), source: 'http', shard: 'http' } as TableItem;
const drives = definitions.flatMap(drivesOf);

describe('alarms', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it('are made with the rest of a local stack, each as it is defined', async () => {
    // Prepare
    const folder = await makeFolder();
    closers.push(folder.remove);
    const services = await startServices(folder.path, {});
    closers.push(services.close);
    const clients = localClients(services.endpoints);
    closers.push(clients.destroy);

    // Act
    await provision(clients, settings, names);
    const described = await clients.cloudwatch.send(new DescribeAlarmsCommand({}));

    // Assess
    const found = (described.MetricAlarms ?? []).map((alarm) => ({
      name: alarm.AlarmName,
      threshold: alarm.Threshold,
      comparison: alarm.ComparisonOperator,
      treatMissingData: alarm.TreatMissingData,
      periods: [alarm.EvaluationPeriods, alarm.DatapointsToAlarm],
    }));
    const defined = definitions.map((alarm) => ({
      name: alarm.name,
      threshold: alarm.threshold,
      comparison: alarm.comparison,
      treatMissingData: alarm.treatMissingData,
      periods: [alarm.evaluationPeriods, alarm.datapointsToAlarm],
    }));
    expect(defined.length).toBeGreaterThan(15);
    expect(found).toHaveLength(defined.length);
    expect(found).toEqual(expect.arrayContaining(defined));
  });

  it.each(drives)('tells of $id by $what, and again when it is over', async (drive) => {
    // Prepare
    const { definition, bad, good } = drive;
    let now = Math.floor(Date.now() / HOUR) * HOUR;
    const service = await startCloudWatch({ intervalMs: 10, now: () => now });
    closers.push(service.close);
    const client = new CloudWatchClient(clientConfig(service.endpoint));
    closers.push(() => client.destroy());
    const put = (data: readonly Watched[]) =>
      Promise.all(
        data.map(({ namespace, metric, dimensions, value }) =>
          client.send(
            new PutMetricDataCommand({
              Namespace: onceNative(namespace),
              MetricData: [
                {
                  MetricName: metric,
                  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
                  Timestamp: new Date(now),
                  Value: value,
                },
              ],
            }),
          ),
        ),
      );
    const toldOf = async (state: string) => {
      const told = new DescribeAlarmHistoryCommand({
        AlarmName: definition.name,
        HistoryItemType: 'Action',
      });
      await waitFor(
        async () => {
          const query = new DescribeAlarmsCommand({ AlarmNames: [definition.name] });
          return (await client.send(query)).MetricAlarms?.[0]?.StateValue === state;
        },
        { what: `${definition.name} in ${state}`, timeoutMs: 20_000, everyMs: 10 },
      );
      const { AlarmHistoryItems: items = [] } = await client.send(told);
      return items.map(({ HistorySummary }) => HistorySummary);
    };
    const pass = async (data: readonly Watched[], periods: number) => {
      for (let left = periods; left > 0; left--) {
        await put(data);
        now += definition.period * 1_000;
      }
    };
    const input = putMetricAlarmInput(definition, [TOPIC]);

    // Act
    await pass(good, definition.evaluationPeriods);
    await client.send(
      new PutMetricAlarmCommand(JSON.parse(JSON.stringify(input), (_, v) => onceNative(v))),
    );
    const before = await toldOf('OK');
    await pass(bad, definition.evaluationPeriods);
    const raised = await toldOf('ALARM');
    await pass(good, definition.evaluationPeriods + 1);
    const calm = await toldOf('OK');

    // Assess
    const notice = `Successfully executed action ${TOPIC}`;
    expect([before, raised, calm]).toEqual([[notice], [notice, notice], [notice, notice, notice]]);
  });
});
