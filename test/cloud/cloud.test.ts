import { gzipSync } from 'node:zlib';
import {
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { say } from '#shared/cli/run-command.ts';
import type { SettingsInput } from '#shared/settings.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { lastJson, runCommand } from '#test/e2e/support/run-command.ts';
import { type EmulatedCloud, startEmulatedCloud } from './emulated-cloud.ts';
import { installMinistack } from './ministack.ts';
import { readCloudInput, runCloud } from './run-cloud.ts';

const RECORDS = 60;
const PATIENCE_MS = 60_000;
const onlyEntities: SettingsInput = { models: ['minilm-l6-en'] };

/** As often as may be: the emulator's schedules count from when they are made. */
const canary = { everyMinutes: 2, waitSeconds: 60 };

interface Stored {
  readonly results?: readonly { readonly pipelineVersion: string }[];
}

const install = await installMinistack();
const missing = 'missing' in install ? install.missing : undefined;

describe.skipIf(missing)(`all stacks on MiniStack${missing ? `: ${missing}` : ''}`, () => {
  let cloud: EmulatedCloud;
  beforeAll(async () => {
    cloud = await startEmulatedCloud({ settings: { canary }, say });
  });
  afterAll(() => cloud?.close());

  /** What the API answers: to a body, or to the path alone. */
  async function ask<T = unknown>(path: string, body?: object): Promise<T> {
    const answer = await fetch(`${cloud.api.url}${path}`, {
      headers: { 'x-api-key': cloud.api.key, 'content-type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    return (await answer.json()) as T;
  }
  const versionNow = async () =>
    (await ask<{ pipelineVersion: string }>('/v1/health')).pipelineVersion;

  /** Puts a record, and gives the versions of its results once there is one, and one of `version` where that is given. */
  async function replay(id: string, version?: string): Promise<string[]> {
    await cloud.clients.kinesis.send(
      new PutRecordCommand({
        StreamName: cloud.names.stream,
        PartitionKey: 'one shard',
        Data: Buffer.from(JSON.stringify({ id, text: 'Ada Lovelace lived in London.' })),
      }),
    );
    return waitFor(
      async () => {
        // Of a record that has none yet it answers with a problem.
        const { results = [] } = await ask<Stored>(`/v1/records/${id}`);
        const versions = results.map(({ pipelineVersion }) => pipelineVersion);
        return (
          (version === undefined ? versions.length > 0 : versions.includes(version)) && versions
        );
      },
      { what: `a result of ${version ?? id}`, timeoutMs: PATIENCE_MS, everyMs: 500 },
    );
  }

  it('are deployed by CDK', () => {
    expect([...cloud.stacks].sort()).toEqual(
      ['api', 'inference', 'intake', 'metrics', 'monitoring', 'stream'].map(
        (part) => `spanstream-cloud-${part}-stack`,
      ),
    );
  });

  it('make one result or one dead letter of each record, and count it once', async () => {
    const input = await readCloudInput(RECORDS);

    const report = await runCloud(cloud, input, new AbortController().signal);

    expect(report).toMatchObject({ lost: 0, duplicated: 0, metricsEqual: true });
    expect(report.results.length + report.rejections).toBe(RECORDS);
  });

  it('put an object of the inbox on the stream, and report it', async () => {
    const { s3 } = cloud.clients;
    const Bucket = cloud.names.intakeBucket;
    const Body = gzipSync('{"id":"from-s3","text":"Ada Lovelace lived in London."}\nno json\n');
    await s3.send(new PutObjectCommand({ Bucket, Key: 'inbox/a b.jsonl.gz', Body }));

    const report = await waitFor(
      async () => {
        const get = new GetObjectCommand({ Bucket, Key: 'reports/a b.jsonl.gz.json' });
        const { Body } = await s3.send(get).catch(() => ({ Body: undefined }));
        const found = JSON.parse((await Body?.transformToString()) ?? '{}');
        return found.state === 'done' && found;
      },
      { what: 'the object to be read', timeoutMs: PATIENCE_MS, everyMs: 500 },
    );
    const version = await versionNow();
    const stored = await waitFor(async () => (await ask<Stored>('/v1/records/from-s3')).results, {
      what: 'the result',
      timeoutMs: PATIENCE_MS,
      everyMs: 500,
    });

    expect(report).toMatchObject({ read: 2, put: 1, invalid: 1 });
    expect(stored.map(({ pipelineVersion }) => pipelineVersion)).toEqual([version]);
  });

  it('read a text of the intake bucket for a call that names it, and of no other', async () => {
    const { s3 } = cloud.clients;
    const Bucket = cloud.names.intakeBucket;
    const common = { id: 'letter', store: false };
    const text = '“Zoë Müller lived in London.”';
    await s3.send(
      new PutObjectCommand({
        ...{ Bucket, Key: 'letters/a b.txt', ContentEncoding: 'gzip' },
        ContentType: 'text/plain; charset=utf-16le',
        Body: gzipSync(Buffer.from(text, 'utf16le')),
      }),
    );
    const [byValue, byReference, refused] = await Promise.all([
      ask('/v1/entities', { ...common, text }),
      ask('/v1/entities', { ...common, object: `s3://${Bucket}/letters/a b.txt` }),
      ask('/v1/entities', { ...common, object: `s3://${cloud.names.failuresBucket}/a.txt` }),
    ]);

    expect(byValue).toMatchObject({ results: [{ entities: [{ text: 'Zoë Müller' }, {}] }] });
    expect(byReference).toEqual(byValue);
    expect(refused).toMatchObject({ status: 400, errors: [{ field: 'object' }] });
  });

  it('let a record through, as the smoke test sends it', async () => {
    const { code, out, said } = await runCommand(
      'scripts/smoke.ts',
      ['--target', 'local', '--timeout', '60', '--json'],
      { env: cloud.variables },
    );

    expect(code, said).toBe(0);
    expect(lastJson(out)).toMatchObject({ entities: 3 });
  });

  it('give a replayed record a second result under other models', async () => {
    const first = await versionNow();
    const before = await replay('replayed', first);

    await cloud.deploy({ canary, ...onlyEntities });
    const second = await versionNow();
    const after = await replay('replayed', second);

    expect(before).toEqual([first]);
    expect(second).not.toBe(first);
    expect(after.sort()).toEqual([first, second].sort());
  });

  it('give it no third once the former models are back', async () => {
    const left = await versionNow();

    await cloud.deploy({ canary });
    const back = await versionNow();
    await replay('replayed', back);
    // What comes behind it in its shard is there, and so would be what was made of it.
    await replay('replayed-later', back);

    expect(back).not.toBe(left);
    const { results } = await ask<Stored>('/v1/records/replayed');
    expect(results?.map(({ pipelineVersion }) => pipelineVersion).sort()).toEqual(
      [left, back].sort(),
    );
  });

  describe('where a deployment cannot be finished', () => {
    /** Of other models, for which the inference function is changed before the alias, whose name is taken, cannot be made. */
    const settings = { canary, ...onlyEntities, inference: { provisionedConcurrency: 1 } };
    let running: string;
    beforeAll(async () => {
      running = await versionNow();
      await fetch(
        `${cloud.endpoint}/2015-03-31/functions/${cloud.names.inferenceFunction}/aliases`,
        { method: 'POST', body: JSON.stringify({ Name: 'warm', FunctionVersion: '$LATEST' }) },
      );
    });

    it('are rolled back by it to the models that ran', async () => {
      await expect(cloud.deploy(settings)).rejects.toThrow('warm already exists');

      expect(await replay('rolled-back')).toEqual([running]);
    });

    it('stand half changed with --no-rollback, until cdk rollback takes them back', async () => {
      await expect(cloud.deploy(settings, { rollback: false })).rejects.toThrow('already exists');
      const [between] = await replay('half-changed');

      await cloud.rollBack(`${cloud.names.prefix}-inference-stack`);

      expect(between).not.toBe(running);
      expect(await replay('taken-back')).toEqual([running]);
      await cloud.deploy({ canary });
    });
  });

  it('are probed by the canary as its schedule says, and nothing counts its records', async () => {
    const { cloudwatch } = cloud.clients;
    const { metricsNamespace: Namespace } = cloud.names;
    const minimumOf = async (MetricName: string) => {
      const { Datapoints = [] } = await cloudwatch.send(
        new GetMetricStatisticsCommand({
          ...{ Namespace, MetricName, Period: 60, Statistics: ['Minimum'] },
          StartTime: new Date(Date.now() - 30 * 60_000),
          EndTime: new Date(Date.now() + 60_000),
        }),
      );
      return Datapoints.map(({ Minimum = Number.NaN }) => Minimum).sort((a, b) => a - b)[0];
    };

    await waitFor(async () => (await minimumOf('CanaryFailed')) === 0, {
      what: 'a probe that came through',
      timeoutMs: 200_000,
      everyMs: 1_000,
    });

    const { results = [] } = await ask<Stored>('/v1/records?source=spanstream-canary');
    expect(results.length).toBeGreaterThan(0);
    expect(await minimumOf('CanaryLatency')).toBeGreaterThan(0);
    const { Metrics = [] } = await cloudwatch.send(new ListMetricsCommand({ Namespace }));
    expect(JSON.stringify(Metrics)).not.toContain('spanstream-canary');
  });

  it('leave nothing when they are destroyed', async () => {
    const { kinesis, dynamodb, s3, cloudwatch } = cloud.clients;

    await cloud.destroy();

    const [streams, tables, buckets, alarms] = await Promise.all([
      kinesis.send(new ListStreamsCommand({})),
      dynamodb.send(new ListTablesCommand({})),
      s3.send(new ListBucketsCommand({})),
      cloudwatch.send(new DescribeAlarmsCommand({})),
    ]);
    const left = [
      ...(streams.StreamNames ?? []),
      ...(tables.TableNames ?? []),
      ...(buckets.Buckets ?? []).map(({ Name = '' }) => Name),
      ...(alarms.MetricAlarms ?? []).map(({ AlarmName = '' }) => AlarmName),
    ];
    expect(left.filter((name) => name.startsWith('spanstream-'))).toEqual([]);
  });
});
