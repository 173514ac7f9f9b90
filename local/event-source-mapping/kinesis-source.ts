import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  type _Record as KinesisRecord,
  type Shard as KinesisShard,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { KinesisStreamRecord } from 'aws-lambda';
import type { ShardPosition, StreamRecord, StreamSource } from './stream-source.ts';

/** What a Kinesis stream is read through. */
export interface KinesisSourceOptions {
  readonly client: KinesisClient;
  readonly streamName: string;
  readonly streamArn: string;
  readonly retentionHours: number;
}

/** A Kinesis stream, its records in the shape of Lambda's Kinesis event. */
export function kinesisSource(options: KinesisSourceOptions): StreamSource {
  const { client, streamName, streamArn } = options;
  const closed = new Set<string>();
  const untouched = new Set<string>();
  return {
    kind: 'kinesis',
    arn: streamArn,
    retentionMs: options.retentionHours * 3_600_000,
    async listShards() {
      const shards: KinesisShard[] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListShardsCommand(token ? { NextToken: token } : { StreamName: streamName }),
        );
        shards.push(...(page.Shards ?? []));
        token = page.NextToken;
      } while (token);
      return shards.map(({ ShardId = '', ParentShardId, AdjacentParentShardId, ...shard }) => {
        if (shard.SequenceNumberRange?.EndingSequenceNumber) closed.add(ShardId);
        return {
          shardId: ShardId,
          parentIds: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
        };
      });
    },
    async getIterator(shardId, position) {
      const { ShardIterator = '' } = await client.send(
        new GetShardIteratorCommand({
          StreamName: streamName,
          ShardId: shardId,
          ...iteratorOf(position),
        }),
      );
      if (position === 'TRIM_HORIZON') untouched.add(ShardIterator);
      return ShardIterator;
    },
    async getRecords(shardId, iterator, limit) {
      const page = await client.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }),
      );
      const records = (page.Records ?? []).map((record) =>
        toStreamRecord(record, shardId, streamArn),
      );
      // An emulator may place the next iterator of a shard that never held a record behind one that is just being written.
      const stay =
        untouched.has(iterator) &&
        records.length === 0 &&
        page.NextShardIterator !== undefined &&
        !page.MillisBehindLatest &&
        !closed.has(shardId);
      if (!stay) untouched.delete(iterator);
      return { records, next: stay ? iterator : page.NextShardIterator };
    },
  };
}

function iteratorOf(position: ShardPosition) {
  return typeof position === 'string'
    ? { ShardIteratorType: position }
    : {
        ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const,
        StartingSequenceNumber: position.after,
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
