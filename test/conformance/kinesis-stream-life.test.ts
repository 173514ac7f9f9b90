import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { clientConfig } from './support/adapter.ts';
import { waitFor } from './support/wait-for.ts';

const HOUR = 3_600_000;
const StreamName = 'stream';
const FIRST = 'shardId-000000000000';

describe('the life of a Kinesis stream', () => {
  let clock = Date.now();
  let directory: string;
  let service: Awaited<ReturnType<typeof startKinesis>>;
  let client: KinesisClient;
  const start = async () => {
    service = await startKinesis({
      directory,
      intervalMs: 20,
      now: () => clock,
    });
    client = new KinesisClient(clientConfig(service.endpoint));
  };
  const stop = async () => {
    client.destroy();
    await service.close();
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spanstream-kinesis-'));
    await start();
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  });
  afterEach(async () => {
    await stop();
    await rm(directory, { recursive: true });
  });

  const put = (text: string, ExplicitHashKey?: string) =>
    client.send(
      new PutRecordCommand({
        StreamName,
        PartitionKey: text,
        ExplicitHashKey,
        Data: Buffer.from(text),
      }),
    );
  const readFrom = async (
    ShardId: string,
    place: { ShardIteratorType: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP'; Timestamp?: Date },
  ) => {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ...place }),
    );
    const page = await client.send(new GetRecordsCommand({ ShardIterator }));
    return {
      ...page,
      texts: (page.Records ?? []).map(({ Data }) => Buffer.from(Data ?? []).toString()),
    };
  };
  const readAll = (ShardId = FIRST) => readFrom(ShardId, { ShardIteratorType: 'TRIM_HORIZON' });

  it('reads at a time, also where a shard is empty', async () => {
    const since = (milliseconds: number) =>
      readFrom(FIRST, { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(milliseconds) });
    const empty = await since(clock - HOUR);
    await put('one');
    clock += 1_000;
    await put('two');

    expect(empty.texts).toEqual([]);
    expect(empty.NextShardIterator).toBeDefined();
    expect((await since(clock - HOUR)).texts).toEqual(['one', 'two']);
    expect((await since(clock)).texts).toEqual(['two']);
    await expect(since(clock + HOUR)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('splits and merges shards, and names the children where a parent ends', async () => {
    await put('parent');
    await client.send(
      new SplitShardCommand({ StreamName, ShardToSplit: FIRST, NewStartingHashKey: '1000' }),
    );
    await put('low', '999');
    await put('high', '1000');
    const [low, high] = ['shardId-000000000001', 'shardId-000000000002'] as const;
    await client.send(
      new MergeShardsCommand({ StreamName, ShardToMerge: high, AdjacentShardToMerge: low }),
    );
    await put('merged', '0');
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
    const parent = await readAll();

    expect(parent.texts).toEqual(['parent']);
    expect(parent.NextShardIterator).toBeUndefined();
    expect(parent.ChildShards?.map(({ ShardId }) => ShardId)).toEqual([low, high]);
    expect((await readAll(low)).texts).toEqual(['low']);
    expect((await readAll(high)).texts).toEqual(['high']);
    expect((await readAll('shardId-000000000003')).texts).toEqual(['merged']);
    expect(
      Shards.map(({ SequenceNumberRange: r }) => r?.EndingSequenceNumber !== undefined),
    ).toEqual([true, true, true, false]);
    expect([Shards[3]?.ParentShardId, Shards[3]?.AdjacentParentShardId]).toEqual([high, low]);
  });

  it('goes on behind what it gave when the clock is put back between two runs', async () => {
    const before = await put('before');
    await stop();
    clock -= HOUR;
    await start();
    const after = await put('after');

    expect(BigInt(after.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(before.SequenceNumber ?? 0));
    expect((await readAll()).texts).toEqual(['before', 'after']);
    clock += HOUR;
  });

  it('lets go of records past their retention without anybody reading them', async () => {
    await put('old');
    clock += 25 * HOUR;
    await put('new');
    const keysLeft = async () => {
      await stop();
      const db = new Level<string, unknown>(directory, { valueEncoding: 'json' });
      const keys = await db.keys({ gte: '!stream-', lt: '!stream~' }).all();
      await db.close();
      await start();
      return keys.length === 1;
    };

    expect((await readAll()).texts).toEqual(['new']);
    expect(await waitFor(keysLeft, { what: 'the old record to go', everyMs: 100 })).toBe(true);
  });

  it('opens what kinesalite left, reads it from any place, and goes on after it', async () => {
    await stop();
    const db = new Level<string, unknown>(directory, { valueEncoding: 'json' });
    const first = '49680606894508728146877087799095325109451301872725917698';
    const second = '49680606894508728146877087799096534035270916501900623874';
    const arrivedAt = clock / 1_000 - 60;
    await db.put('!meta!old', {
      RetentionPeriodHours: 24,
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: 'NONE',
      HasMoreShards: false,
      Shards: [
        {
          HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) },
          SequenceNumberRange: {
            StartingSequenceNumber: '49680606894508728146877087799084444777074770072714608642',
          },
          ShardId: FIRST,
        },
      ],
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/old',
      StreamName: 'old',
      StreamStatus: 'ACTIVE',
      StreamCreationTimestamp: 1_795_762_824,
      _seqIx: [null],
      _tags: {},
    });
    for (const [number, text, at] of [
      [first, 'one', arrivedAt],
      [second, 'two', arrivedAt + 30],
    ] as const) {
      await db.put(`!stream-old!00000000/${number}`, {
        PartitionKey: 'k',
        Data: Buffer.from(text).toString('base64'),
        ApproximateArrivalTimestamp: at,
      });
    }
    await db.close();
    await start();

    const added = await client.send(
      new PutRecordCommand({ StreamName: 'old', PartitionKey: 'k', Data: Buffer.from('three') }),
    );
    const read = async (input: object) => {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({
          StreamName: 'old',
          ShardId: FIRST,
          ShardIteratorType: 'TRIM_HORIZON',
          ...input,
        }),
      );
      const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
      return Records.map(({ Data }) => Buffer.from(Data ?? []).toString());
    };

    expect(BigInt(added.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(second));
    expect(await read({})).toEqual(['one', 'two', 'three']);
    expect(
      await read({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: first }),
    ).toEqual(['two', 'three']);
    expect(
      await read({
        ShardIteratorType: 'AT_TIMESTAMP',
        Timestamp: new Date((arrivedAt + 15) * 1_000),
      }),
    ).toEqual(['two', 'three']);
  });

  it('speaks to the SDK as it comes, over HTTP/2', async () => {
    const plain = new KinesisClient({
      endpoint: service.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    await put('one');
    const { Shards } = await plain.send(new ListShardsCommand({ StreamName }));
    plain.destroy();

    expect(Shards).toHaveLength(1);
  });
});
