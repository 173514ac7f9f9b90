import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { clientConfig, uniqueName } from '#test/conformance/support/adapter.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';

/** A Kinesis of its own, and streams of one shard on it. */
export async function startStreams() {
  const service = await startKinesis();
  const client = new KinesisClient(clientConfig(service.endpoint));
  return {
    /** What leads a command there, and nowhere else. */
    environment: { AWS_ENDPOINT_URL_KINESIS: service.endpoint },
    /** Makes a stream that is ready, and gives its name. */
    async create(): Promise<string> {
      const StreamName = uniqueName('commands');
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
      await waitFor(
        async () => {
          const { StreamDescriptionSummary: summary } = await client.send(
            new DescribeStreamSummaryCommand({ StreamName }),
          );
          return summary?.StreamStatus === 'ACTIVE';
        },
        { what: 'the stream' },
      );
      return StreamName;
    },
    /** The records on a stream, in its order. */
    async records(StreamName: string): Promise<{ id: string; source: string }[]> {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({
          StreamName,
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
      return Records.map(({ Data }) => JSON.parse(Buffer.from(Data ?? []).toString()));
    },
    async close() {
      client.destroy();
      await service.close();
    },
  };
}
