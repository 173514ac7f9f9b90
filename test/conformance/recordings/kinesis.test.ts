import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from '../support/adapter.ts';
import { describeFacts, type Fact } from './facts.ts';

const TESTS = 'kinesis/test_kinesis.py::TestKinesis::';

function connect(endpoint: string | undefined) {
  const client = new KinesisClient(clientConfig(endpoint));
  const made: string[] = [];
  const destroy = async () => {
    for (const StreamName of made) await client.send(new DeleteStreamCommand({ StreamName }));
    client.destroy();
  };
  return { client, made, destroy };
}

/** A stream of its own: with so many shards, or as many as one has when nobody says. */
async function streamOf({ client, made }: ReturnType<typeof connect>, ShardCount?: number) {
  const StreamName = uniqueName('recorded');
  made.push(StreamName);
  const StreamModeDetails = { StreamMode: 'ON_DEMAND' as const };
  await client.send(
    new CreateStreamCommand({
      StreamName,
      ...(ShardCount ? { ShardCount } : { StreamModeDetails }),
    }),
  );
  await waitUntilStreamExists({ client, maxWaitTime: 50, minDelay: 0.05 }, { StreamName });
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const iteratorOf = async (ShardIteratorType: 'TRIM_HORIZON' | 'LATEST') => {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName, ShardId: Shards[0]?.ShardId, ShardIteratorType }),
    );
    return ShardIterator ?? '';
  };
  const put = (Data: string) =>
    client.send(new PutRecordCommand({ StreamName, PartitionKey: '1', Data: Buffer.from(Data) }));
  return { StreamName, Shards, iteratorOf, put };
}

const facts: Fact<ReturnType<typeof connect>>[] = [
  {
    fact: 'gives back what was put, empty records and any character included',
    recording: `${TESTS}test_record_lifecycle_data_integrity`,
    ask: async (connection) => {
      const { client } = connection;
      const { put, iteratorOf } = await streamOf(connection, 1);
      const texts = ['test', 'ünicödé 统一码 💣💻🔥', 'a'.repeat(1_000), ''];
      for (const text of texts) await put(text);
      return async () => {
        const ShardIterator = await iteratorOf('TRIM_HORIZON');
        const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
        return Records.map(({ Data }) => Buffer.from(Data ?? []).toString());
      };
    },
    expected: ['test', 'ünicödé 统一码 💣💻🔥', 'a'.repeat(1_000), ''],
  },
  {
    fact: 'gives a new iterator with every read, also of an empty shard',
    recording: `${TESTS}test_get_records_next_shard_iterator`,
    ask: async (connection) => {
      const { client } = connection;
      const { iteratorOf } = await streamOf(connection, 1);
      const seen = [await iteratorOf('LATEST')];
      for (let read = 0; read < 2; read += 1) {
        const { NextShardIterator = '' } = await client.send(
          new GetRecordsCommand({ ShardIterator: seen.at(-1) }),
        );
        seen.push(NextShardIterator);
      }
      return new Set(seen).size;
    },
    expected: 3,
  },
  {
    fact: 'takes an iterator in quotation marks',
    recording: `${TESTS}test_get_records_shard_iterator_with_surrounding_quotes`,
    ask: async (connection) => {
      const { client } = connection;
      const { put, iteratorOf } = await streamOf(connection, 1);
      await put('Hello world');
      return async () => {
        const ShardIterator = `"${await iteratorOf('TRIM_HORIZON')}"`;
        const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }));
        return Records?.length;
      };
    },
    expected: 1,
  },
  {
    fact: 'makes four open shards where no number is given',
    recording: `${TESTS}test_create_stream_without_shard_count`,
    ask: async (connection) => {
      const { Shards } = await streamOf(connection);
      return Shards.map(({ SequenceNumberRange }) => Object.keys(SequenceNumberRange ?? {}));
    },
    expected: Array.from({ length: 4 }, () => ['StartingSequenceNumber']),
  },
  {
    fact: 'describes a shard by its number, its keys and where it starts',
    recording: `${TESTS}test_create_stream_without_shard_count`,
    ask: async (connection) => {
      const { client } = connection;
      const { StreamName } = await streamOf(connection, 1);
      const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName }));
      const [shard] = StreamDescription?.Shards ?? [];
      return [Object.keys(shard ?? {}).sort(), shard?.ShardId?.startsWith('shardId-')];
    },
    expected: [['HashKeyRange', 'SequenceNumberRange', 'ShardId'], true],
  },
];

describeFacts('Kinesis', await adaptersBeside(() => startKinesis()), connect, facts);
