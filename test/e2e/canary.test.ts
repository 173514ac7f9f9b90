import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPipeline, type Pipeline } from '#consumers/canary/pipeline.ts';
import { runCanary } from '#consumers/canary/run-canary.ts';
import type { Invoke } from '#local/lambda/invocation.ts';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { CANARY_SOURCE, PROBE_RETENTION_DAYS } from '#shared/contracts/canary.ts';
import { createDocumentClient } from '#shared/results-table/dynamodb-results.ts';
import { wait } from '#shared/retry.ts';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { clientConfig } from '#test/conformance/support/adapter.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { readBooks } from '../../scripts/demo/books.ts';
import { type Folders, makeFolders, tinyModels } from './support/folders.ts';

const PERIOD_MS = 2 * 60_000;
const settings = parseSettings({
  canary: { everyMinutes: 2, waitSeconds: 60 },
  metrics: { mapping: { batchingWindowSeconds: 0 } },
  inference: { mapping: { batchingWindowSeconds: 0 } },
});

/** A stack on a CloudWatch whose clock the test moves on; a part of it may be broken. */
describe('the canary of a local stack', () => {
  const closers: (() => unknown)[] = [];
  const broken = new Set<string>();
  let folders: Folders;
  let stack: LocalStack;
  let cloudWatch: CloudWatchClient;
  /** The time of CloudWatch, in the middle of a period of the alarm. */
  let clock = (Math.floor(Date.now() / PERIOD_MS) + 0.5) * PERIOD_MS;

  beforeAll(async () => {
    folders = await makeFolders();
    closers.push(folders.remove);
    const service = await startCloudWatch({
      intervalMs: 50,
      now: () => clock,
    });
    closers.push(service.close);
    cloudWatch = new CloudWatchClient(clientConfig(service.endpoint));
    closers.push(() => cloudWatch.destroy());
    stack = await startLocalStack({
      ...folders,
      settings,
      modelsDirectory: tinyModels,
      endpoints: { cloudwatch: service.endpoint },
      clock: true,
      wrapInvoke:
        (name, invoke): Invoke =>
        async (payload) =>
          broken.has(name)
            ? {
                ...{ ok: false, requestId: 'none', kind: 'error' },
                ...{ errorType: 'Stopped', errorMessage: `${name} is stopped` },
              }
            : invoke(payload),
    });
    closers.push(stack.close);
  });
  afterAll(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** What was published of a metric, by the minute. */
  async function published(MetricName: string) {
    const { Datapoints = [] } = await cloudWatch.send(
      new GetMetricStatisticsCommand({
        Namespace: stack.names.metricsNamespace,
        MetricName,
        StartTime: new Date(Date.now() - 10 * 60_000),
        EndTime: new Date(Date.now() + 60_000),
        Period: 60,
        Statistics: ['Maximum', 'SampleCount'],
      }),
    );
    return Datapoints;
  }

  /** Runs the canary as the clock does, and publishes how it went at the time of CloudWatch's clock. */
  function probe(waitSeconds: number, overrides: Partial<Pipeline> = {}) {
    const { stream, resultsTable, metricsNamespace: namespace } = stack.names;
    const documents = createDocumentClient(clientConfig(stack.endpoints.dynamodb));
    const { kinesis } = stack.clients;
    const pipeline = createPipeline(
      { kinesis, documents, cloudWatch },
      { stream, resultsTable, namespace },
    );
    return runCanary({
      pipeline: {
        ...pipeline,
        publish: (failed) => pipeline.publish(failed, clock),
        ...overrides,
      },
      waitSeconds,
      language: 'en',
      log: { info() {}, error() {} },
      now: Date.now,
      wait,
    }).finally(() => documents.destroy());
  }

  const minute = () => Math.floor(Date.now() / 60_000);
  const alarm = async () => {
    const AlarmNames = [`${stack.names.prefix}-canary-failed`];
    const described = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames }));
    return described.MetricAlarms?.[0];
  };
  const alarmIn = (state: string) =>
    waitFor(async () => (await alarm())?.StateValue === state, {
      what: `canary-failed in ${state}`,
      timeoutMs: 20_000,
      everyMs: 20,
    });

  /** Three periods of the alarm, each with a probe of that fate. */
  async function passPeriods(run: () => Promise<{ failed: boolean }>, failed: boolean) {
    for (let left = 3; left > 0; left--) {
      await expect(run()).resolves.toMatchObject({ failed });
      clock += PERIOD_MS;
    }
  }

  it('is run by the clock: its probe is stored, counted as one, and nowhere else', async () => {
    const since = new Date(Date.now() - 60_000);
    await waitFor(async () => (await published('CanaryFailed')).length > 0, {
      what: 'the first probe',
      timeoutMs: 60_000,
    });

    expect(await published('CanaryFailed')).toMatchObject([{ Maximum: 0, SampleCount: 1 }]);
    expect(await published('CanaryLatency')).toMatchObject([{ SampleCount: 1 }]);
    const { Metrics = [] } = await cloudWatch.send(
      new ListMetricsCommand({ Namespace: stack.names.metricsNamespace }),
    );
    expect(Metrics.map(({ MetricName }) => MetricName).sort()).toEqual([
      'CanaryFailed',
      'CanaryLatency',
      'PublicationNumber',
    ]);
    const TableName = stack.names.resultsTable;
    const { Items = [] } = await stack.clients.dynamodb.send(new ScanCommand({ TableName }));
    expect(Items).toHaveLength(1);
    expect(Items[0]?.source?.S).toBe(CANARY_SOURCE);
    const lives = Number(Items[0]?.expiresAt?.N) - Date.now() / 1_000;
    expect(lives).toBeLessThanOrEqual(PROBE_RETENTION_DAYS * 86_400);
    expect(lives).toBeGreaterThan(0);
    const books = await readBooks(stack, since);
    expect(books.results).toEqual([]);
    expect(Object.values(books.metrics)).not.toContainEqual({ published: 1, table: 0 });
  });

  it.each(['inference', 'metrics'])(
    'has its alarm tell that the %s function stands still, and that it goes on again',
    async (part) => {
      // Prepare
      await passPeriods(() => probe(30), false);
      await alarmIn('OK');

      // Probes that are a minute apart are told apart.
      const last = minute();
      await waitFor(async () => minute() > last, { what: 'the next minute', timeoutMs: 61_000 });

      // Act
      broken.add(part);
      await passPeriods(() => probe(2), true);
      await alarmIn('ALARM');
      const raised = await alarm();
      broken.delete(part);
      await waitFor(async () => stack.idle(), { what: 'the backlog', timeoutMs: 60_000 });
      await passPeriods(() => probe(30), false);
      await alarmIn('OK');

      // Assess: it was told by what the canary says, and not by its silence.
      expect(raised?.StateReason).toContain(' 0 were missing');
    },
  );

  it('has its alarm tell that the stream refuses', async () => {
    await passPeriods(() => probe(30), false);
    await alarmIn('OK');

    const refused = () => Promise.reject(new Error('AccessDeniedException'));
    await passPeriods(() => probe(2, { put: refused }), true);

    await alarmIn('ALARM');
    expect((await alarm())?.StateReason).toContain(' 0 were missing');
  });

  it('has its alarm tell that it does not run, or cannot say how it went', async () => {
    await passPeriods(() => probe(30), false);
    await alarmIn('OK');

    clock += 2 * PERIOD_MS;
    await alarmIn('ALARM');

    expect((await alarm())?.StateReason).toMatch(/[23] were missing/);
  });
});
