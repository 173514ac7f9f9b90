import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLocalCloud, type LocalCloud, type LocalCloudOptions } from '#local/index.ts';

const sources = {
  upper: fileURLToPath(new URL('./functions/upper.ts', import.meta.url)),
  notes: fileURLToPath(new URL('./functions/notes.ts', import.meta.url)),
};

describe('a local cloud', () => {
  let base = '';
  const running: LocalCloud[] = [];
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'spanstream-cloud-'));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((cloud) => cloud.close()));
    await rm(base, { recursive: true, force: true });
  });

  const start = async (options: Partial<LocalCloudOptions> = {}) => {
    const cloud = await createLocalCloud({ directory: join(base, 'cloud'), ...options });
    running.push(cloud);
    return cloud;
  };
  const streamArnOf = async ({ clients }: LocalCloud, StreamName: string) => {
    const summary = await vi.waitFor(async () => {
      const said = await clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
      expect(said.StreamDescriptionSummary?.StreamStatus).toBe('ACTIVE');
      return said.StreamDescriptionSummary;
    });
    return summary?.StreamARN ?? '';
  };
  const put = ({ clients }: LocalCloud, ...texts: string[]) =>
    clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: 'words',
        Records: texts.map((text) => ({ Data: Buffer.from(text), PartitionKey: text })),
      }),
    );
  const wordsIn = async ({ clients }: LocalCloud) => {
    const { Items = [] } = await clients.dynamodb.send(new ScanCommand({ TableName: 'words' }));
    return Items.map((item) => item.upper?.S).sort();
  };
  const create = async (cloud: LocalCloud) => {
    await cloud.createFunction({
      name: 'upper',
      file: sources.upper,
      environment: { TABLE: 'words' },
      timeoutSeconds: 30,
    });
    await cloud.createFunction({
      name: 'notes',
      file: sources.notes,
      environment: { NOTES: join(base, 'notes') },
      timeoutSeconds: 30,
    });
  };
  const map = async (cloud: LocalCloud, tableStreamArn: string) => {
    const mapped = await cloud.mapStream({
      streamArn: await streamArnOf(cloud, 'words'),
      functionName: 'upper',
      settings: { maximumRetryAttempts: 1 },
      onFailureBucket: 'failures',
      pollIntervalMs: 10,
    });
    const noted = await cloud.mapStream({
      streamArn: tableStreamArn,
      functionName: 'notes',
      pollIntervalMs: 10,
    });
    return async () => {
      for (const mapping of [mapped, noted]) {
        const since = Date.now();
        await vi.waitFor(() => expect(mapping.idle(since)).toBe(true), { timeout: 30_000 });
      }
    };
  };

  it('carries records from a stream over two functions, and on after a restart', async () => {
    // Prepare
    const first = await start();
    const { kinesis, dynamodb, s3 } = first.clients;
    await kinesis.send(new CreateStreamCommand({ StreamName: 'words', ShardCount: 1 }));
    await s3.send(new CreateBucketCommand({ Bucket: 'failures' }));
    const table = await dynamodb.send(
      new CreateTableCommand({
        TableName: 'words',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      }),
    );
    const tableStreamArn = table.TableDescription?.LatestStreamArn ?? '';
    await create(first);

    // Act
    const settled = await map(first, tableStreamArn);
    await put(first, 'ada', 'poison', 'emil');
    await settled();
    const before = await wordsIn(first);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'failures' }));
    const object = await s3.send(
      new GetObjectCommand({ Bucket: 'failures', Key: Contents[0]?.Key }),
    );
    const parked = JSON.parse((await object.Body?.transformToString()) ?? '');
    await first.close();
    const second = await start();
    await create(second);
    const settledAgain = await map(second, tableStreamArn);
    await put(second, 'voltaire');
    await settledAgain();

    // Assess
    expect(before).toEqual(['ADA', 'EMIL']);
    expect(parked).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      responseContext: { functionError: null },
      KinesisBatchInfo: { shardId: 'shardId-000000000000' },
    });
    expect(await wordsIn(second)).toEqual(['ADA', 'EMIL', 'VOLTAIRE']);
    const notes = (await readFile(join(base, 'notes'), 'utf8')).trim().split('\n');
    expect(notes.sort()).toEqual(['INSERT ada', 'INSERT emil', 'INSERT voltaire']);
  });

  it('uses a service that runs already, and leaves it running', async () => {
    const first = await start();
    const second = await start({
      directory: join(base, 'other'),
      endpoints: { s3: first.endpoints.s3 },
    });
    await second.clients.s3.send(new CreateBucketCommand({ Bucket: 'shared' }));
    await second.close();

    const { Contents } = await first.clients.s3.send(
      new ListObjectsV2Command({ Bucket: 'shared' }),
    );

    expect(Contents).toBeUndefined();
    expect(second.endpoints.s3).toBe(first.endpoints.s3);
    expect(second.endpoints.kinesis).not.toBe(first.endpoints.kinesis);
  });

  it.each([
    [{ functionName: 'nobody' }, 'there is no function nobody'],
    [{ streamArn: 'arn:aws:sqs:us-east-1:000000000000:queue' }, 'streamArn must be of a stream'],
    [{ settings: { batchSize: 0 } }, /settings\.batchSize: .*1/],
    [
      { settings: { batchSize: 1, tumblingWindowSeconds: 10 } },
      'settings.tumblingWindowSeconds: is not a known',
    ],
  ])('refuses a mapping that cannot work, naming why: %j', async (wrong, why) => {
    const cloud = await start();
    await cloud.createFunction({ name: 'notes', file: sources.notes });
    const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/words/stream/1';

    const mapped = cloud.mapStream({ streamArn, functionName: 'notes', ...wrong });

    await expect(mapped).rejects.toThrow(why);
  });

  it('says why a function does not compile, and lets its folder go when closed', async () => {
    const cloud = await start();
    const missing = cloud.createFunction({ name: 'none', file: join(base, 'none.ts') });
    await expect(missing).rejects.toThrow(/none does not bundle: .*none\.ts/s);
    await expect(start()).rejects.toThrow('is in use by a stack');

    await cloud.close();

    await start();
  });
});
