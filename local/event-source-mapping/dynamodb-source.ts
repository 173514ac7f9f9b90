import {
  type _Record as ChangeRecord,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Shard, ShardPosition, StreamRecord, StreamSource } from './stream-source.ts';

const RETENTION_MS = 24 * 3_600_000;
const LARGEST_READ = 1_000;

/** A table's stream, its records in the shape of Lambda's DynamoDB event. */
export function dynamoDbSource(options: {
  readonly client: DynamoDBStreamsClient;
  readonly streamArn: string;
}): StreamSource {
  const { client, streamArn } = options;
  return {
    kind: 'dynamodb',
    arn: streamArn,
    retentionMs: RETENTION_MS,
    async listShards() {
      const shards: Shard[] = [];
      let last: string | undefined;
      do {
        const { StreamDescription } = await client.send(
          new DescribeStreamCommand({
            StreamArn: streamArn,
            ...(last && { ExclusiveStartShardId: last }),
          }),
        );
        for (const { ShardId = '', ParentShardId } of StreamDescription?.Shards ?? []) {
          shards.push({ shardId: ShardId, parentIds: ParentShardId ? [ParentShardId] : [] });
        }
        last = StreamDescription?.LastEvaluatedShardId;
      } while (last);
      return shards;
    },
    async getIterator(shardId, position) {
      const { ShardIterator = '' } = await client.send(
        new GetShardIteratorCommand({
          StreamArn: streamArn,
          ShardId: shardId,
          ...iteratorOf(position),
        }),
      );
      return ShardIterator;
    },
    async getRecords(_shardId, iterator, limit) {
      const page = await client.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: Math.min(limit, LARGEST_READ) }),
      );
      return {
        records: (page.Records ?? []).map((record) => toStreamRecord(record, streamArn)),
        next: page.NextShardIterator,
      };
    },
  };
}

function iteratorOf(position: ShardPosition) {
  return typeof position === 'string'
    ? { ShardIteratorType: position }
    : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, SequenceNumber: position.after };
}

/** A record of the Streams API as Lambda's event has it: times in epoch seconds, bytes in base64, names in camel case. */
function toStreamRecord(record: ChangeRecord, streamArn: string): StreamRecord {
  const { dynamodb = {}, userIdentity } = record;
  const { ApproximateCreationDateTime: createdAt, ...change } = dynamodb;
  const arrivedAt = createdAt?.getTime() ?? 0;
  const event = {
    eventID: record.eventID,
    eventName: record.eventName,
    eventVersion: record.eventVersion,
    eventSource: record.eventSource,
    awsRegion: record.awsRegion,
    dynamodb: { ApproximateCreationDateTime: arrivedAt / 1000, ...withBase64(change) },
    ...(userIdentity && {
      userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId },
    }),
    eventSourceARN: streamArn,
  } as DynamoDBRecord;
  return {
    sequenceNumber: change.SequenceNumber ?? '',
    partitionKey: JSON.stringify(Object.entries(event.dynamodb?.Keys ?? {}).sort()),
    arrivedAt,
    bytes: Buffer.byteLength(JSON.stringify(event)),
    event,
  };
}

function withBase64<T extends object>(value: T): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, encode(inner)]),
  );
}

function encode(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(encode);
  return value !== null && typeof value === 'object' ? withBase64(value) : value;
}
