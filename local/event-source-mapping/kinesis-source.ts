import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  type _Record as KinesisRecord,
  type Shard as KinesisShard,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { KinesisStreamRecord } from 'aws-lambda';
import type { StreamRecord, StreamSource } from './stream-source.ts';

/** A Kinesis stream, its records in the shape of Lambda's Kinesis event. */
export function kinesisSource(options: {
  readonly client: KinesisClient;
  readonly streamName: string;
  readonly streamArn: string;
  readonly retentionHours: number;
}): StreamSource {
  const { client, streamName: StreamName, streamArn } = options;
  return {
    kind: 'kinesis',
    arn: streamArn,
    retentionMs: options.retentionHours * 3_600_000,
    async listShards() {
      const shards: KinesisShard[] = [];
      let NextToken: string | undefined;
      do {
        const page = await client.send(
          new ListShardsCommand(NextToken ? { NextToken } : { StreamName }),
        );
        shards.push(...(page.Shards ?? []));
        ({ NextToken } = page);
      } while (NextToken);
      return shards.map(({ ShardId = '', ParentShardId, AdjacentParentShardId }) => ({
        shardId: ShardId,
        parentIds: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
      }));
    },
    async getIterator(ShardId, after) {
      const position = after
        ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, StartingSequenceNumber: after }
        : { ShardIteratorType: 'TRIM_HORIZON' as const };
      const { ShardIterator = '' } = await client.send(
        new GetShardIteratorCommand({ StreamName, ShardId, ...position }),
      );
      return ShardIterator;
    },
    async getRecords(shardId, ShardIterator, Limit) {
      const { Records = [], NextShardIterator: next } = await client.send(
        new GetRecordsCommand({ ShardIterator, Limit }),
      );
      return { records: Records.map((record) => toStreamRecord(record, shardId, streamArn)), next };
    },
  };
}

function toStreamRecord(record: KinesisRecord, shardId: string, streamArn: string): StreamRecord {
  const [, , , region = '', account = ''] = streamArn.split(':');
  const { SequenceNumber = '', PartitionKey = '', Data = new Uint8Array() } = record;
  const arrivedAt = record.ApproximateArrivalTimestamp?.getTime() ?? 0;
  const event: KinesisStreamRecord = {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: PartitionKey,
      sequenceNumber: SequenceNumber,
      data: Buffer.from(Data.buffer, Data.byteOffset, Data.byteLength).toString('base64'),
      approximateArrivalTimestamp: arrivedAt / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shardId}:${SequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: `arn:aws:iam::${account}:role/local`,
    awsRegion: region,
    eventSourceARN: streamArn,
  };
  return {
    sequenceNumber: SequenceNumber,
    partitionKey: PartitionKey,
    arrivedAt,
    bytes: Buffer.byteLength(JSON.stringify(event)),
    event,
  };
}
