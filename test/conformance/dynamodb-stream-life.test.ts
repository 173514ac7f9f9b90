import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { clientConfig } from './support/adapter.ts';
import { waitFor } from './support/wait-for.ts';

const HOUR = 3_600_000;

describe('the life of a stream', () => {
  let clock = Date.now();
  let service: Awaited<ReturnType<typeof startDynamoDb>>;
  let client: DynamoDBClient;
  let streams: DynamoDBStreamsClient;
  let StreamArn: string;

  const createTable = () =>
    client.send(
      new CreateTableCommand({
        TableName: 'table',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      }),
    );

  beforeEach(async () => {
    service = await startDynamoDb({
      streamShards: 1,
      shardRolloverRecords: 3,
      intervalMs: 20,
      now: () => clock,
    });
    client = new DynamoDBClient(clientConfig(service.endpoint));
    streams = new DynamoDBStreamsClient(clientConfig(service.endpoint));
    await createTable();
    const { Table } = await waitFor(
      async () => {
        const answer = await client.send(new DescribeTableCommand({ TableName: 'table' }));
        return answer.Table?.TableStatus === 'ACTIVE' ? answer : undefined;
      },
      { what: 'the table' },
    );
    StreamArn = Table?.LatestStreamArn ?? '';
  });
  afterEach(() => service.close());

  const put = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      await client.send(
        new PutItemCommand({ TableName: 'table', Item: { pk: { S: 'one' }, n: { N: `${n}` } } }),
      );
    }
  };
  const shards = async () =>
    (await streams.send(new DescribeStreamCommand({ StreamArn }))).StreamDescription?.Shards ?? [];
  const iteratorOf = async (ShardId: string | undefined) =>
    (
      await streams.send(
        new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      )
    ).ShardIterator;

  it('closes a full shard, continues in its child, and ends the reading of the closed one', async () => {
    await put(7);

    const chain = await shards();
    const pages = [];
    for (const { ShardId } of chain) {
      const ShardIterator = await iteratorOf(ShardId);
      pages.push(await streams.send(new GetRecordsCommand({ ShardIterator })));
    }

    expect(chain.map((shard) => shard.ParentShardId)).toEqual([
      undefined,
      chain[0]?.ShardId,
      chain[1]?.ShardId,
    ]);
    expect(chain.map((s) => s.SequenceNumberRange?.EndingSequenceNumber !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(pages.map((page) => page.Records?.map((r) => r.dynamodb?.NewImage?.n?.N))).toEqual([
      ['0', '1', '2'],
      ['3', '4', '5'],
      ['6'],
    ]);
    expect(pages.map((page) => page.NextShardIterator !== undefined)).toEqual([false, false, true]);
  });

  it('lets iterators expire', async () => {
    const [first] = await shards();
    const ShardIterator = await iteratorOf(first?.ShardId);
    clock += HOUR;

    const late = streams.send(new GetRecordsCommand({ ShardIterator }));

    await expect(late).rejects.toMatchObject({ name: 'ExpiredIteratorException' });
  });

  it('lets a reader that finds nothing go on for longer than records are kept', async () => {
    const [first] = await shards();
    let ShardIterator = await iteratorOf(first?.ShardId);
    await put(1);
    for (let past = 0; past < 25 * HOUR; past += HOUR / 6) {
      clock += HOUR / 6;
      const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
      ShardIterator = page.NextShardIterator;
    }

    expect(ShardIterator).toBeDefined();
  });

  it('makes a deleted table again, empty, with a stream of its own', async () => {
    await put(2);
    await client.send(new DeleteTableCommand({ TableName: 'table' }));
    const { TableDescription: again } = await createTable();
    const { Items } = await client.send(new ScanCommand({ TableName: 'table' }));

    await expect(createTable()).rejects.toMatchObject({ name: 'ResourceInUseException' });
    expect(Items).toEqual([]);
    expect(again?.LatestStreamArn).not.toBe(StreamArn);
  });

  it('trims records and shards after a day, and a deleted table takes its stream along', async () => {
    await put(4);
    const before = await shards();
    clock += 25 * HOUR;
    await put(1);
    const left = await waitFor(
      async () => {
        const now = await shards();
        const kept = now.some((shard) => before.some(({ ShardId }) => ShardId === shard.ShardId));
        const read = await streams.send(
          new GetRecordsCommand({ ShardIterator: await iteratorOf(now.at(-1)?.ShardId) }),
        );
        return !kept || read.Records?.length === 1 ? read : undefined;
      },
      { what: 'the old records to go' },
    );
    await client.send(new DeleteTableCommand({ TableName: 'table' }));
    const stopped = await streams.send(new DescribeStreamCommand({ StreamArn }));
    clock += 50 * HOUR;
    const gone = await waitFor(
      () =>
        shards().then(
          () => undefined,
          (error: Error) => error.name,
        ),
      { what: 'the stream to go' },
    );

    expect(left.Records).toHaveLength(1);
    expect(stopped.StreamDescription?.StreamStatus).toBe('DISABLED');
    expect(gone).toBe('ResourceNotFoundException');
  });
});

it('opens the table and stream of an earlier version, reads on from any place, and goes on behind', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanstream-dynamodb-'));
  const now = Date.now();
  const number = (n: number) => String(10n ** 22n + BigInt(n));
  const label = new Date(now).toISOString().slice(0, -1);
  const tableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/old';
  const arn = `${tableArn}/stream/${label}`;
  const keySchema = [{ AttributeName: 'pk', KeyType: 'HASH' }];
  const [closed, open] = [0, 9].map((ms) => `shardId-0000000${now + ms}-3cfcd1f1`) as [
    string,
    string,
  ];
  const db = new Level<string, unknown>(directory, { valueEncoding: 'json' });
  await db.put('table~old', {
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    TableName: 'old',
    KeySchema: keySchema,
    TableArn: tableArn,
    LatestStreamArn: arn,
  });
  await db.put('item-old~e7529c/6b/', { pk: { S: 'k' }, n: { N: '3' } });
  await db.put('spanstream-sequence', number(6));
  await db.put(`spanstream-stream~${arn}`, {
    ...{ arn, label, tableName: 'old', viewType: 'NEW_IMAGE', keySchema },
    ...{ enabled: true, createdAt: now, slots: 1 },
    shards: [
      {
        ...{ shardId: closed, slot: 0, createdAt: now, closedAt: now },
        ...{ startingSequenceNumber: number(1), endingSequenceNumber: number(4) },
      },
      {
        ...{ shardId: open, slot: 0, createdAt: now, parentShardId: closed },
        startingSequenceNumber: number(5),
      },
    ],
  });
  for (const [shardId, n, value] of [
    [closed, 2, '1'],
    [closed, 3, '2'],
    [open, 6, '3'],
  ] as const) {
    const Keys = { pk: { S: 'k' } };
    await db.put(`spanstream-record~${arn}~${shardId}~${number(n)}`, {
      eventName: 'MODIFY',
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(now / 1_000),
        ...{ Keys, NewImage: { ...Keys, n: { N: value } } },
        ...{ SequenceNumber: number(n), SizeBytes: 9, StreamViewType: 'NEW_IMAGE' },
      },
    });
  }
  await db.close();
  const service = await startDynamoDb({ directory, intervalMs: 20 });
  const client = new DynamoDBClient(clientConfig(service.endpoint));
  const streams = new DynamoDBStreamsClient(clientConfig(service.endpoint));

  await client.send(
    new PutItemCommand({ TableName: 'old', Item: { pk: { S: 'k' }, n: { N: '4' } } }),
  );
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }));
  const read = async (
    ShardId: string,
    place: { ShardIteratorType: 'TRIM_HORIZON' | 'AFTER_SEQUENCE_NUMBER'; SequenceNumber?: string },
  ) => {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn: arn, ShardId, ...place }),
    );
    const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
    return {
      values: (page.Records ?? []).map(({ dynamodb }) => dynamodb?.NewImage?.n?.N),
      goesOn: page.NextShardIterator !== undefined,
    };
  };
  const all = await read(closed, { ShardIteratorType: 'TRIM_HORIZON' });
  const rest = await read(closed, {
    ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
    SequenceNumber: number(2),
  });
  const child = await read(open, {
    ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
    SequenceNumber: number(6),
  });
  client.destroy();
  streams.destroy();
  await service.close();
  await rm(directory, { recursive: true });

  expect(StreamDescription?.Shards?.map((shard) => [shard.ShardId, shard.ParentShardId])).toEqual([
    [closed, undefined],
    [open, closed],
  ]);
  expect(all).toEqual({ values: ['1', '2'], goesOn: false });
  expect(rest).toEqual({ values: ['2'], goesOn: false });
  expect(child).toEqual({ values: ['4'], goesOn: true });
});
