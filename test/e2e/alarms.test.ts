import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, describe, expect, it } from 'vitest';
import { localClients } from '#local/cloud/clients.ts';
import { startServices } from '#local/cloud/services.ts';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { provision } from '#local/stack/provision.ts';
import { alarmDefinitions, putMetricAlarmInput } from '#shared/alarms.ts';
import { METRICS_NAMESPACE, metricNames } from '#shared/metric-names.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { makeFolder } from './support/folders.ts';

const settings = parseSettings({ environmentName: 'alarms', alarms: { rejectedRecords: 3 } });
const names = resourceNames(settings.environmentName);
const definitions = alarmDefinitions(settings, names);
const FIVE_MINUTES = 300_000;

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

  it('of rejected records is raised at its threshold, and calms down when no more come', async () => {
    // Prepare
    const definition = definitions.find(({ id }) => id === 'rejected-records');
    if (!definition) throw new Error('there is no alarm of rejected records');
    let now = Math.floor(Date.now() / FIVE_MINUTES) * FIVE_MINUTES;
    const service = await startCloudWatch({ alarmIntervalMs: 20, now: () => now });
    closers.push(service.close);
    const client = new CloudWatchClient({
      endpoint: service.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    closers.push(() => client.destroy());
    const becomes = (state: string) =>
      waitFor(
        async () => {
          const query = new DescribeAlarmsCommand({ AlarmNames: [definition.name] });
          const alarm = (await client.send(query)).MetricAlarms?.[0];
          return alarm?.StateValue === state && alarm;
        },
        { what: `the state ${state}`, timeoutMs: 30_000 },
      );
    const reject = (count: number) =>
      client.send(
        new PutMetricDataCommand({
          Namespace: METRICS_NAMESPACE,
          MetricData: [
            { MetricName: metricNames.recordsRejected, Timestamp: new Date(now), Value: count },
          ],
        }),
      );
    const nextPeriod = () => {
      now += FIVE_MINUTES;
    };

    // Act
    await client.send(new PutMetricAlarmCommand(putMetricAlarmInput(definition)));
    await becomes('OK');
    await reject(2);
    nextPeriod();
    await reject(1);
    await reject(2);
    nextPeriod();
    const raised = await becomes('ALARM');
    nextPeriod();
    const calm = await becomes('OK');
    const history = await client.send(
      new DescribeAlarmHistoryCommand({
        AlarmName: definition.name,
        HistoryItemType: 'StateUpdate',
        ScanBy: 'TimestampAscending',
      }),
    );

    // Assess
    expect(raised.StateReason).toContain('[3]');
    expect(calm.StateReason).toContain('1 were missing');
    expect(history.AlarmHistoryItems).toHaveLength(3);
  });
});
