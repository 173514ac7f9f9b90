import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand as GetKinesisRecordsCommand,
  GetShardIteratorCommand as GetKinesisShardIteratorCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig } from './support/adapter.ts';
import { startInProcess } from './support/killed-service.ts';
import { waitFor } from './support/wait-for.ts';

const once = (endpoint: string) => ({ ...clientConfig(endpoint), maxAttempts: 1 });

/** Writes without pause until the service is killed under it; answers what was acknowledged. */
async function writeUntilKilled(
  kill: () => Promise<void>,
  enough: number,
  write: (n: number) => Promise<unknown>,
): Promise<{ acknowledged: number[]; asked: number }> {
  const acknowledged: number[] = [];
  let asked = 0;
  let killed: Promise<void> | undefined;
  const worker = async () => {
    for (;;) {
      const n = asked++;
      const done = await write(n).then(
        () => true,
        () => false,
      );
      if (!done) return;
      acknowledged.push(n);
      if (acknowledged.length === enough) killed = kill();
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  await killed;
  return { acknowledged, asked };
}

describe('killed in the middle of writes', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spanstream-kill-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('DynamoDB keeps every acknowledged item, and its stream tells exactly what the table holds', async () => {
    const first = await startInProcess('dynamodb', directory);
    const client = new DynamoDBClient(once(first.endpoint));
    await client.send(
      new CreateTableCommand({
        TableName: 'table',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      }),
    );
    await waitFor(
      async () =>
        (await client.send(new DescribeTableCommand({ TableName: 'table' }))).Table?.TableStatus ===
        'ACTIVE',
      { what: 'the table' },
    );
    const { acknowledged } = await writeUntilKilled(first.kill, 40, (n) =>
      client.send(
        new BatchWriteItemCommand({
          RequestItems: {
            table: Array.from({ length: 10 }, (_, index) => ({
              PutRequest: { Item: { pk: { S: `${n}-${index}` } } },
            })),
          },
        }),
      ),
    );
    client.destroy();

    const second = await startInProcess('dynamodb', directory);
    const again = new DynamoDBClient(once(second.endpoint));
    const streams = new DynamoDBStreamsClient(once(second.endpoint));
    const { Items = [] } = await again.send(new ScanCommand({ TableName: 'table' }));
    const held = Items.map((item) => item.pk?.S ?? '').sort();
    const { Table } = await again.send(new DescribeTableCommand({ TableName: 'table' }));
    const { StreamDescription } = await streams.send(
      new DescribeStreamCommand({ StreamArn: Table?.LatestStreamArn }),
    );
    const told: string[] = [];
    for (const { ShardId } of StreamDescription?.Shards ?? []) {
      const { ShardIterator } = await streams.send(
        new GetShardIteratorCommand({
          StreamArn: Table?.LatestStreamArn,
          ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator }));
      told.push(...Records.map((record) => record.dynamodb?.Keys?.pk?.S ?? ''));
    }
    await second.kill();

    const promised = acknowledged.flatMap((n) => Array.from({ length: 10 }, (_, i) => `${n}-${i}`));
    expect(promised.length).toBeGreaterThanOrEqual(400);
    expect(held).toEqual(expect.arrayContaining(promised));
    expect(told.sort()).toEqual(held);
    expect(StreamDescription?.Shards?.some((shard) => shard.ParentShardId)).toBe(true);
  });

  it('CloudWatch keeps every acknowledged call whole', async () => {
    const first = await startInProcess('cloudwatch', directory);
    const client = new CloudWatchClient(once(first.endpoint));
    const Timestamp = new Date();
    const { acknowledged, asked } = await writeUntilKilled(first.kill, 100, () =>
      client.send(
        new PutMetricDataCommand({
          Namespace: 'Kill',
          MetricData: ['A', 'B'].map((MetricName) => ({ MetricName, Value: 1, Timestamp })),
        }),
      ),
    );
    client.destroy();

    const second = await startInProcess('cloudwatch', directory);
    const again = new CloudWatchClient(once(second.endpoint));
    const [a, b] = await Promise.all(
      ['A', 'B'].map(async (MetricName) => {
        const { Datapoints } = await again.send(
          new GetMetricStatisticsCommand({
            Namespace: 'Kill',
            MetricName,
            StartTime: new Date(Timestamp.getTime() - 60_000),
            EndTime: new Date(Timestamp.getTime() + 60_000),
            Period: 60,
            Statistics: ['Sum'],
          }),
        );
        return Datapoints?.[0]?.Sum ?? 0;
      }),
    );
    await second.kill();

    expect(a).toBe(b);
    expect(a).toBeGreaterThanOrEqual(acknowledged.length);
    expect(a).toBeLessThanOrEqual(asked);
  });

  it('Kinesis keeps every acknowledged record', async () => {
    const first = await startInProcess('kinesis', directory);
    const client = new KinesisClient(once(first.endpoint));
    const StreamName = 'stream';
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    await waitFor(
      async () =>
        (await client.send(new DescribeStreamSummaryCommand({ StreamName })))
          .StreamDescriptionSummary?.StreamStatus === 'ACTIVE',
      { what: 'the stream' },
    );
    const { acknowledged } = await writeUntilKilled(first.kill, 50, (n) =>
      client.send(
        new PutRecordsCommand({
          StreamName,
          Records: [{ PartitionKey: 'p', Data: Buffer.from(String(n)) }],
        }),
      ),
    );
    client.destroy();

    const second = await startInProcess('kinesis', directory);
    const again = new KinesisClient(once(second.endpoint));
    const { ShardIterator } = await again.send(
      new GetKinesisShardIteratorCommand({
        StreamName,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const { Records = [] } = await again.send(new GetKinesisRecordsCommand({ ShardIterator }));
    await second.kill();

    const read = Records.map(({ Data }) => Number(Buffer.from(Data ?? []).toString('utf8')));
    expect(read).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(read).size).toBe(read.length);
  });

  it('S3 keeps every acknowledged object whole', async () => {
    const first = await startInProcess('s3', directory);
    const client = new S3Client({ ...once(first.endpoint), forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'bucket' }));
    const { acknowledged } = await writeUntilKilled(first.kill, 50, (n) =>
      client.send(
        new PutObjectCommand({ Bucket: 'bucket', Key: `${n}`, Body: Buffer.alloc(10_000, n) }),
      ),
    );
    client.destroy();

    const second = await startInProcess('s3', directory);
    const again = new S3Client({ ...once(second.endpoint), forcePathStyle: true });
    const { Contents = [] } = await again.send(new ListObjectsV2Command({ Bucket: 'bucket' }));
    await second.kill();

    expect(Contents.map(({ Key }) => Number(Key))).toEqual(expect.arrayContaining(acknowledged));
    expect(Contents.every(({ Size }) => Size === 10_000)).toBe(true);
  });
});
