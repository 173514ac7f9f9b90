import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from './support/adapter.ts';
import { itOf } from './support/differences.ts';
import { kinesisLocalAdapter } from './support/kinesis-local.ts';
import { waitFor } from './support/wait-for.ts';

const adapters = [...(await adaptersBeside(() => startKinesis())), kinesisLocalAdapter()];

for (const adapter of adapters) {
  describe.skipIf(adapter.skip)(`Kinesis: ${adapter.skip ?? adapter.name}`, () => {
    const it = itOf(adapter);
    let service: Awaited<ReturnType<typeof adapter.start>>;
    let client: KinesisClient;
    const StreamName = uniqueName('conformance');

    beforeAll(async () => {
      service = await adapter.start();
      client = new KinesisClient(clientConfig(service.endpoint));
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
      await waitFor(
        async () => {
          const summary = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
          return summary.StreamDescriptionSummary?.StreamStatus === 'ACTIVE';
        },
        { what: 'the stream', timeoutMs: 50_000, everyMs: 100 },
      );
    });
    afterAll(async () => {
      await client.send(new DeleteStreamCommand({ StreamName }));
      client.destroy();
      await service.close();
    });

    const iteratorOf = async (
      ShardId: string | undefined,
      place: { type: 'TRIM_HORIZON' | 'LATEST' | 'AFTER_SEQUENCE_NUMBER'; after?: string },
    ) => {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({
          StreamName,
          ShardId,
          ShardIteratorType: place.type,
          ...(place.after && { StartingSequenceNumber: place.after }),
        }),
      );
      return ShardIterator;
    };
    const texts = (records: { Data?: Uint8Array | undefined }[] | undefined) =>
      (records ?? []).map(({ Data }) => Buffer.from(Data ?? []).toString('utf8'));

    it('has the shards asked for, covering all hash keys', async () => {
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));

      expect(Shards).toHaveLength(2);
      expect(Shards[0]?.HashKeyRange?.StartingHashKey).toBe('0');
      expect(Shards[1]?.HashKeyRange?.EndingHashKey).toBe(String(2n ** 128n - 1n));
    });

    it('keeps the order of a partition key and reads on after a sequence number', async () => {
      const words = ['one', 'two', 'three'];
      const put = [];
      for (const word of words) {
        const Data = Buffer.from(word);
        put.push(await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'p', Data })));
      }
      const ShardId = put[0]?.ShardId;
      const ShardIterator = await iteratorOf(ShardId, {
        type: 'AFTER_SEQUENCE_NUMBER',
        after: put[0]?.SequenceNumber ?? '',
      });

      const page = await waitFor(
        async () => {
          const got = await client.send(new GetRecordsCommand({ ShardIterator }));
          return got.Records?.length === 2 ? got : undefined;
        },
        { what: 'the records', everyMs: 250 },
      );

      expect(new Set(put.map((answer) => answer.ShardId)).size).toBe(1);
      expect(texts(page.Records)).toEqual(['two', 'three']);
      expect(page.NextShardIterator).toBeDefined();
      expect(page.Records?.[0]?.ApproximateArrivalTimestamp).toBeInstanceOf(Date);
    });

    it('takes many records at once and reports on each', async () => {
      const latest = await client.send(new ListShardsCommand({ StreamName }));
      const iterators = await Promise.all(
        (latest.Shards ?? []).map(({ ShardId }) => iteratorOf(ShardId, { type: 'LATEST' })),
      );
      const answer = await client.send(
        new PutRecordsCommand({
          StreamName,
          Records: Array.from({ length: 100 }, (_, index) => ({
            PartitionKey: `key-${index}`,
            Data: Buffer.from(`record ${index}`),
          })),
        }),
      );

      const read = await waitFor(
        async () => {
          const pages = await Promise.all(
            iterators.map((ShardIterator) => client.send(new GetRecordsCommand({ ShardIterator }))),
          );
          const all = pages.flatMap((page) => texts(page.Records));
          return all.length >= 100 ? all : undefined;
        },
        { what: 'a hundred records', everyMs: 250 },
      );

      expect(answer.FailedRecordCount).toBe(0);
      expect(answer.Records).toHaveLength(100);
      expect(new Set(read).size).toBe(100);
    });

    it.each(['no-such-stream', 'length', 'constructor', '__proto__'])(
      'names the stream %s, that does not exist',
      async (missing) => {
        const calls = [
          client.send(new ListShardsCommand({ StreamName: missing })),
          client.send(
            new PutRecordCommand({
              StreamName: missing,
              PartitionKey: 'a',
              Data: Buffer.from('a'),
            }),
          ),
        ];

        // Each is looked at from its beginning: one that is refused first must not be refused unheard.
        await Promise.all(
          calls.map((call) => expect(call).rejects.toBeInstanceOf(ResourceNotFoundException)),
        );
      },
    );

    it('takes an ARN in place of a name', async () => {
      const { StreamDescriptionSummary: summary } = await client.send(
        new DescribeStreamSummaryCommand({ StreamName }),
      );
      const StreamARN = summary?.StreamARN;
      const { ShardId } = await client.send(
        new PutRecordCommand({ StreamARN, PartitionKey: 'arn', Data: Buffer.from('by ARN') }),
      );
      const { Shards } = await client.send(new ListShardsCommand({ StreamARN }));
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamARN, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      );
      const read = await waitFor(
        async () => {
          const page = await client.send(new GetRecordsCommand({ StreamARN, ShardIterator }));
          return texts(page.Records).includes('by ARN');
        },
        { what: 'the record', everyMs: 250 },
      );

      expect(Shards).toHaveLength(2);
      expect(read).toBe(true);
    });

    it('lists shards page by page', async () => {
      const first = await client.send(new ListShardsCommand({ StreamName, MaxResults: 1 }));
      const rest = await client.send(new ListShardsCommand({ NextToken: first.NextToken }));
      const after = await client.send(
        new ListShardsCommand({ StreamName, ExclusiveStartShardId: first.Shards?.[0]?.ShardId }),
      );

      expect(first.Shards?.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000000']);
      expect(rest.Shards?.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000001']);
      expect(rest.NextToken).toBeUndefined();
      expect(after.Shards).toEqual(rest.Shards);
      await expect(
        client.send(new ListShardsCommand({ StreamName, NextToken: first.NextToken })),
      ).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    });

    it('takes ten records of a mebibyte in one call, and no larger one', async () => {
      const PartitionKey = 'large';
      const Data = Buffer.alloc(2 ** 20 - PartitionKey.length, 'x');
      const record = { PartitionKey, Data };
      const put = (Records: (typeof record)[]) =>
        client.send(new PutRecordsCommand({ StreamName, Records }));
      const { FailedRecordCount } = await put(Array.from({ length: 10 }, () => record));

      expect(FailedRecordCount).toBe(0);
      if (adapter.name === 'kinesis-local') return;
      const over = { PartitionKey, Data: Buffer.concat([Data, Buffer.alloc(7)]) };
      await expect(put([over])).rejects.toMatchObject({ name: 'ValidationException' });
      await expect(put(Array.from({ length: 11 }, () => record))).rejects.toMatchObject({
        name: 'InvalidArgumentException',
      });
    });
  });
}
