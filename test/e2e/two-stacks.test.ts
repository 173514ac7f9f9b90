import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeAlarmsCommand, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { makeFolder, tinyModels } from './support/folders.ts';

const names = ['dev', 'prod'];
const settings = (environmentName: string) =>
  parseSettings({
    environmentName,
    inference: { mapping: { batchingWindowSeconds: 0 } },
    metrics: { mapping: { batchingWindowSeconds: 0 } },
  });

describe('two stacks that start from one checkout at the same time', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let stacks: readonly LocalStack[] = [];
  const directoryOf = (name: string) => join(folder.path, name);

  beforeAll(async () => {
    folder = await makeFolder();
    stacks = await Promise.all(
      names.map((name) =>
        startLocalStack({
          directory: directoryOf(name),
          settings: settings(name),
          modelsDirectory: tinyModels,
        }),
      ),
    );
  });
  afterAll(async () => {
    await Promise.all(stacks.map((stack) => stack.close()));
    await folder?.remove();
  });

  it('run what each has built for itself, where no other build can come between', async () => {
    // Act
    const answers = await Promise.all(
      stacks.map(({ functions }) => functions.inference.invoke({ Records: [] })),
    );

    // Assess
    for (const name of names) {
      for (const part of ['inference', 'metrics', 'http', 'bootstrap']) {
        expect(existsSync(join(directoryOf(name), 'bundles', part, 'index.mjs'))).toBe(true);
      }
    }
    for (const answer of answers) {
      expect(answer).toMatchObject({ ok: true, payload: { batchItemFailures: [] } });
    }
  });

  it('leave logs in which every line is one that a function wrote, as JSON', async () => {
    // Prepare
    const [{ functions, close }] = stacks as [LocalStack];
    const directory = join(directoryOf('dev'), 'logs');

    // Act
    await functions.metrics.invoke({ Records: [] });
    await functions.inference.invoke({ Records: 'none' });
    await close();
    const files = await readdir(directory);
    const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));

    // Assess
    const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
    const said = lines.map((line) => line.split(' ').slice(2).join(' '));
    expect(files).toEqual(expect.arrayContaining(['http.log', 'inference.log', 'metrics.log']));
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((line) => !line.startsWith('{'))).toEqual([]);
  });
});

describe('two environments that share one CloudWatch', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let stacks: readonly LocalStack[] = [];
  const since = new Date(Math.floor(Date.now() / 60_000) * 60_000);

  beforeAll(async () => {
    folder = await makeFolder();
    const start = (name: string, endpoints: { cloudwatch?: string } = {}) =>
      startLocalStack({
        directory: join(folder.path, name),
        settings: settings(name),
        modelsDirectory: tinyModels,
        endpoints,
      });
    const dev = await start('dev');
    const prod = await start('prod', { cloudwatch: dev.endpoints.cloudwatch });
    stacks = [dev, prod];
  });
  afterAll(async () => {
    for (const stack of [...stacks].reverse()) await stack.close();
    await folder?.remove();
  });

  const put = ({ clients, names: { stream } }: LocalStack, good: number, poison: number) =>
    clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: [
          ...Array.from({ length: good }, (_, n) => ({ id: `good-${n}`, text: 'Ada in London.' })),
          ...Array.from({ length: poison }, (_, n) => ({ id: `poison-${n}` })),
        ].map((record) => ({
          Data: Buffer.from(JSON.stringify(record)),
          PartitionKey: record.id,
        })),
      }),
    );
  const statistic = async (stack: LocalStack, name: string, of: 'Sum' | 'Maximum') => {
    const { Datapoints = [] } = await stack.clients.cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: stack.names.metricsNamespace,
        MetricName: name,
        StartTime: since,
        EndTime: new Date(Date.now() + 120_000),
        Period: 60,
        Statistics: [of],
      }),
    );
    const values = Datapoints.map((point) => point[of] ?? 0);
    return of === 'Sum' ? values.reduce((a, b) => a + b, 0) : Math.max(0, ...values);
  };

  it('keep apart what they count, and confirm what each has published itself', async () => {
    // Prepare
    const [dev, prod] = stacks as [LocalStack, LocalStack];

    // Act: prod publishes several times before dev does for the first time
    for (let round = 1; round <= 3; round += 1) {
      await put(prod, round, 0);
      const before = Date.now();
      await waitFor(async () => prod.idle(before), { what: 'prod', timeoutMs: 60_000 });
    }
    await put(dev, 5, 2);
    const before = Date.now();
    await waitFor(async () => dev.idle(before), { what: 'dev', timeoutMs: 60_000 });

    // Assess
    const metrics = ['RecordsProcessed', 'RecordsRejected'];
    const sums = (stack: LocalStack) =>
      Promise.all(metrics.map((metric) => statistic(stack, metric, 'Sum')));
    expect(await sums(dev)).toEqual([5, 2]);
    // Texts of equal id are one result.
    expect(await sums(prod)).toEqual([3, 0]);
    const published = await statistic(prod, 'PublicationNumber', 'Maximum');
    expect(published).toBeGreaterThanOrEqual(2);
    expect(await statistic(dev, 'PublicationNumber', 'Maximum')).toBeGreaterThanOrEqual(1);
    expect(prod.endpoints.cloudwatch).toBe(dev.endpoints.cloudwatch);
    expect(prod.names.metricsNamespace).not.toBe(dev.names.metricsNamespace);
  });

  it('have alarms of their own on metrics of their own', async () => {
    // Act
    const [dev, prod] = stacks as [LocalStack, LocalStack];
    const { MetricAlarms = [] } = await dev.clients.cloudwatch.send(
      new DescribeAlarmsCommand({ MaxRecords: 100 }),
    );

    // Assess
    const watched = ({ names: { prefix } }: LocalStack) =>
      MetricAlarms.filter(({ AlarmName }) => AlarmName?.startsWith(`${prefix}-`)).flatMap(
        ({ Namespace, Metrics = [] }) => [
          Namespace,
          ...Metrics.map(({ MetricStat }) => MetricStat?.Metric?.Namespace),
        ],
      );
    expect(watched(dev).length).toBeGreaterThan(10);
    expect(watched(prod)).toHaveLength(watched(dev).length);
    expect(watched(dev)).toContain(dev.names.metricsNamespace);
    expect(watched(dev)).not.toContain(prod.names.metricsNamespace);
    expect(watched(prod)).toContain(prod.names.metricsNamespace);
    expect(watched(prod)).not.toContain(dev.names.metricsNamespace);
  });
});
