import {
  type _Record as ChangeRecord,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Shard, StreamRecord, StreamSource } from './stream-source.ts';

const RETENTION_MS = 24 * 3_600_000;
const LARGEST_READ = 1_000;

/** A table's stream, its records in the shape of Lambda's DynamoDB event. */
export function dynamoDbSource(options: {
  readonly client: DynamoDBStreamsClient;
  readonly streamArn: string;
}): StreamSource {
  const { client, streamArn: StreamArn } = options;
  return {
    kind: 'dynamodb',
    arn: StreamArn,
    retentionMs: RETENTION_MS,
    async listShards() {
      const shards: Shard[] = [];
      let last: string | undefined;
      do {
        const { StreamDescription } = await client.send(
          new DescribeStreamCommand({ StreamArn, ...(last && { ExclusiveStartShardId: last }) }),
        );
        for (const { ShardId = '', ParentShardId } of StreamDescription?.Shards ?? []) {
          shards.push({ shardId: ShardId, parentIds: ParentShardId ? [ParentShardId] : [] });
        }
        last = StreamDescription?.LastEvaluatedShardId;
      } while (last);
      return shards;
    },
    async getIterator(ShardId, after) {
      const position = after
        ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, SequenceNumber: after }
        : { ShardIteratorType: 'TRIM_HORIZON' as const };
      const { ShardIterator = '' } = await client.send(
        new GetShardIteratorCommand({ StreamArn, ShardId, ...position }),
      );
      return ShardIterator;
    },
    async getRecords(_shardId, ShardIterator, limit) {
      const { Records = [], NextShardIterator: next } = await client.send(
        new GetRecordsCommand({ ShardIterator, Limit: Math.min(limit, LARGEST_READ) }),
      );
      return { records: Records.map((record) => toStreamRecord(record, StreamArn)), next };
    },
  };
}

/** A record of the Streams API as Lambda's event has it: times in epoch seconds, bytes in base64, names in camel case. */
function toStreamRecord(record: ChangeRecord, eventSourceARN: string): StreamRecord {
  const { dynamodb, userIdentity, ...about } = record;
  const arrivedAt = dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0;
  const given = {
    ...about,
    dynamodb: { ...dynamodb, ApproximateCreationDateTime: arrivedAt / 1000 },
    ...(userIdentity && {
      userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId },
    }),
    eventSourceARN,
  };
  const json = JSON.stringify(given, (_name, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  const event = JSON.parse(json) as DynamoDBRecord;
  return {
    sequenceNumber: dynamodb?.SequenceNumber ?? '',
    partitionKey: JSON.stringify(Object.entries(event.dynamodb?.Keys ?? {}).sort()),
    arrivedAt,
    bytes: Buffer.byteLength(json),
    event,
  };
}
