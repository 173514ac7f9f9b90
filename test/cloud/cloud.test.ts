import { homedir } from 'node:os';
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { say } from '#shared/cli/run-command.ts';
import type { SettingsInput } from '#shared/settings.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { lastJson, runCommand, startCommand } from '#test/e2e/support/run-command.ts';
import { type EmulatedCloud, startEmulatedCloud } from './emulated-cloud.ts';
import { installMinistack } from './ministack.ts';
import { readCloudInput, runCloud } from './run-cloud.ts';

const RECORDS = 60;
const PATIENCE_MS = 60_000;
const onlyEntities: SettingsInput = { models: ['minilm-l6-ner'] };

interface Stored {
  readonly results?: readonly { readonly pipelineVersion: string }[];
}

const install = await installMinistack();
const missing = 'missing' in install ? install.missing : undefined;
const why = missing ? `: ${missing}` : '';

describe.skipIf(missing)(`npm run cloud${why}`, () => {
  it('ends with what it has started at Ctrl-C', async () => {
    const command = startCommand('test/cloud/cloud.ts', [], { env: { HOME: homedir() } });
    await command.saying(/listens on http/);

    command.interrupt();
    const { code, said } = await command.ended;

    expect(code).toBe(130);
    expect(said).toContain('cloud: interrupted: the books were not balanced');
    const [endpoint = ''] = said.match(/http:\S+/) ?? [];
    await expect(fetch(endpoint)).rejects.toThrow();
  });
});

describe.skipIf(missing)(`all stacks on MiniStack${why}`, () => {
  let cloud: EmulatedCloud;
  beforeAll(async () => {
    cloud = await startEmulatedCloud({ say });
  });
  afterAll(() => cloud?.close());

  async function ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${cloud.api.url}${path}`, {
      headers: { 'x-api-key': cloud.api.key },
    });
    return (await answer.json()) as T;
  }
  const versionNow = async () =>
    (await ask<{ pipelineVersion: string }>('/v1/health')).pipelineVersion;

  /** Puts a record, waits until the pipeline that runs now has a result of it, and gives the versions of all its results. */
  async function replay(id: string): Promise<string[]> {
    const version = await versionNow();
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
        return versions.includes(version) && versions;
      },
      { what: `a result of ${version}`, timeoutMs: PATIENCE_MS, everyMs: 500 },
    );
  }

  it('are deployed by CDK', () => {
    expect(cloud.stacks).toEqual(
      ['stream', 'inference', 'metrics', 'api', 'monitoring'].map(
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

  it('let a record through, as the smoke test sends it', async () => {
    const { code, out, said } = await runCommand(
      'scripts/smoke.ts',
      ['--target', 'local', '--timeout', '60', '--json'],
      { env: cloud.environment as Record<string, string> },
    );

    expect(code, said).toBe(0);
    expect(lastJson(out)).toMatchObject({ entities: 3 });
  });

  it('give a replayed record a second result under other models', async () => {
    const first = await versionNow();
    const before = await replay('replayed');

    await cloud.deploy(onlyEntities);
    const second = await versionNow();
    const after = await replay('replayed');

    expect(before).toEqual([first]);
    expect(second).not.toBe(first);
    expect(after.sort()).toEqual([first, second].sort());
  });

  it('give it no third once the former models are back', async () => {
    const left = await versionNow();

    await cloud.deploy();
    const back = await versionNow();
    await replay('replayed');
    // What comes behind it in its shard is there, and so would be what was made of it.
    await replay('replayed-later');

    expect(back).not.toBe(left);
    const { results } = await ask<Stored>('/v1/records/replayed');
    expect(results?.map(({ pipelineVersion }) => pipelineVersion).sort()).toEqual(
      [left, back].sort(),
    );
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
