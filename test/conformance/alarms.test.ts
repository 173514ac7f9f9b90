import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { alarmDefinitions, putMetricAlarmInput } from '#shared/alarms.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { clientConfig } from './support/adapter.ts';
import { waitFor } from './support/wait-for.ts';

const MINUTE = 60_000;

describe('alarms on the local CloudWatch', () => {
  let clock: number;
  let service: Awaited<ReturnType<typeof startCloudWatch>>;
  let client: CloudWatchClient;
  beforeEach(async () => {
    clock = Math.floor(Date.now() / (60 * MINUTE)) * 60 * MINUTE;
    service = await startCloudWatch({ intervalMs: 25, now: () => clock });
    client = new CloudWatchClient(clientConfig(service.endpoint));
    for (const definition of alarmDefinitions(parseSettings({}), resourceNames('dev'))) {
      await client.send(new PutMetricAlarmCommand(putMetricAlarmInput(definition)));
    }
  });
  afterEach(async () => {
    client.destroy();
    await service.close();
  });

  const put = (MetricName: string, Value: number) =>
    client.send(
      new PutMetricDataCommand({
        Namespace: 'Spanstream/dev',
        MetricData: [{ MetricName, Value, Timestamp: new Date(clock) }],
      }),
    );
  const becomes = (id: string, state: string) =>
    waitFor(
      async () => {
        const { MetricAlarms: alarms = [] } = await client.send(
          new DescribeAlarmsCommand({ AlarmNames: [`spanstream-dev-${id}`] }),
        );
        return alarms[0]?.StateValue === state ? true : undefined;
      },
      { what: `${id} in ${state}`, timeoutMs: 10_000, everyMs: 25 },
    );

  it('takes every alarm of a deployment', async () => {
    const { MetricAlarms: alarms } = await client.send(new DescribeAlarmsCommand({}));

    expect(alarms).toHaveLength(alarmDefinitions(parseSettings({}), resourceNames('dev')).length);
  });

  it('raises and clears the alarm on rejected records', async () => {
    clock += 6 * MINUTE;
    await becomes('rejected-records', 'OK');

    await put('RecordsRejected', 1);
    clock += 5 * MINUTE;
    await becomes('rejected-records', 'ALARM');

    clock += 15 * MINUTE;
    await becomes('rejected-records', 'OK');
  });

  it('raises silence where no record comes, and clears it when one does', async () => {
    clock += 65 * MINUTE;
    await becomes('silence', 'ALARM');

    await put('RecordsStreamed', 3);
    clock += 5 * MINUTE;
    await becomes('silence', 'OK');
  });

  it('raises the unanswered share by metric math', async () => {
    for (let quarter = 0; quarter < 4; quarter += 1) {
      await put('QuestionsUnanswered', 9);
      await put('QuestionsAnswered', 1);
      clock += 15 * MINUTE;
    }
    await becomes('unanswered-share', 'ALARM');
  });
});
