import {
  type _Record as ChangeRecord,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand as GetChangesCommand,
  GetShardIteratorCommand as GetChangesIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  type _Record as KinesisRecord,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { DynamoDBRecord, KinesisStreamRecord } from 'aws-lambda';
import { ConfigurationError } from '#shared/errors.ts';

/** A record of a stream, and the shape in which a function gets it. */
export interface SourceRecord {
  readonly sequenceNumber: string;
  /** Records of equal key keep their order: the partition key on Kinesis, the item's key on DynamoDB. */
  readonly partitionKey: string;
  /** Arrival on the stream, epoch milliseconds. */
  readonly arrivedAt: number;
  /** Size of `event` as JSON, in bytes. */
  readonly bytes: number;
  readonly event: KinesisStreamRecord | DynamoDBRecord;
}

/** A shard, with the shards it came from by a split or merge. */
export interface SourceShard {
  readonly shardId: string;
  readonly parentIds: readonly string[];
}

type Beginning = 'TRIM_HORIZON' | 'LATEST';

/** A stream of shards; errors are those of the service's SDK client. */
export interface StreamSource {
  readonly kind: 'kinesis' | 'dynamodb';
  readonly arn: string;
  /** How long the stream keeps a record, milliseconds. */
  readonly retentionMs: number;
  listShards(): Promise<SourceShard[]>;
  /**
   * @param after number of the record to read on after
   * @param otherwise where to begin where none is given: with the shard's oldest record unless said otherwise
   */
  getIterator(shardId: string, after?: string, otherwise?: Beginning): Promise<string>;
  /**
   * @param shardId the iterator's shard, which the records' `eventID` names
   * @returns without `next` the shard is closed and read to its end
   */
  getRecords(
    shardId: string,
    iterator: string,
    limit: number,
  ): Promise<{ readonly records: readonly SourceRecord[]; readonly next: string | undefined }>;
}

const HOUR_MS = 3_600_000;
const LARGEST_READ_OF_CHANGES = 1_000;

const iteratorType = (after?: string, otherwise: Beginning = 'TRIM_HORIZON') =>
  after ? 'AFTER_SEQUENCE_NUMBER' : otherwise;

/**
 * A Kinesis stream or a table's stream, its records in the shape of Lambda's events.
 *
 * @throws {ConfigurationError} where the ARN is of no stream
 */
export async function openSource(
  arn: string,
  clients: { readonly kinesis: KinesisClient; readonly streams: DynamoDBStreamsClient },
): Promise<StreamSource> {
  const [, , service, , , resource = ''] = arn.split(':');
  if (service === 'dynamodb') return tableSource(arn, clients.streams);
  if (service === 'kinesis') {
    return kinesisSource(arn, resource.replace('stream/', ''), clients.kinesis);
  }
  throw new ConfigurationError(`streamArn must be of a stream, and is ${arn}`);
}

async function kinesisSource(
  arn: string,
  StreamName: string,
  client: KinesisClient,
): Promise<StreamSource> {
  const { StreamDescriptionSummary } = await client.send(
    new DescribeStreamSummaryCommand({ StreamName }),
  );
  return {
    kind: 'kinesis',
    arn,
    retentionMs: (StreamDescriptionSummary?.RetentionPeriodHours ?? 24) * HOUR_MS,
    async listShards() {
      const shards: SourceShard[] = [];
      let NextToken: string | undefined;
      do {
        const page = await client.send(
          new ListShardsCommand(NextToken ? { NextToken } : { StreamName }),
        );
        for (const { ShardId = '', ParentShardId, AdjacentParentShardId } of page.Shards ?? []) {
          const parents = [ParentShardId, AdjacentParentShardId];
          shards.push({ shardId: ShardId, parentIds: parents.filter((id) => id !== undefined) });
        }
        ({ NextToken } = page);
      } while (NextToken);
      return shards;
    },
    async getIterator(ShardId, after, otherwise) {
      const { ShardIterator = '' } = await client.send(
        new GetShardIteratorCommand({
          ...{ StreamName, ShardId, ShardIteratorType: iteratorType(after, otherwise) },
          StartingSequenceNumber: after,
        }),
      );
      return ShardIterator;
    },
    async getRecords(shardId, ShardIterator, Limit) {
      const { Records = [], NextShardIterator: next } = await client.send(
        new GetRecordsCommand({ ShardIterator, Limit }),
      );
      return { records: Records.map((record) => ofKinesis(record, shardId, arn)), next };
    },
  };
}

/** A table's stream, its records in the shape of Lambda's events. */
export function tableSource(arn: string, client: DynamoDBStreamsClient): StreamSource {
  return {
    kind: 'dynamodb',
    arn,
    retentionMs: 24 * HOUR_MS,
    async listShards() {
      const shards: SourceShard[] = [];
      let last: string | undefined;
      do {
        const { StreamDescription } = await client.send(
          new DescribeStreamCommand({ StreamArn: arn, ExclusiveStartShardId: last }),
        );
        for (const { ShardId = '', ParentShardId } of StreamDescription?.Shards ?? []) {
          shards.push({ shardId: ShardId, parentIds: ParentShardId ? [ParentShardId] : [] });
        }
        last = StreamDescription?.LastEvaluatedShardId;
      } while (last);
      return shards;
    },
    async getIterator(ShardId, after, otherwise) {
      const { ShardIterator = '' } = await client.send(
        new GetChangesIteratorCommand({
          ...{ StreamArn: arn, ShardId, ShardIteratorType: iteratorType(after, otherwise) },
          SequenceNumber: after,
        }),
      );
      return ShardIterator;
    },
    async getRecords(_shardId, ShardIterator, limit) {
      const Limit = Math.min(limit, LARGEST_READ_OF_CHANGES);
      const { Records = [], NextShardIterator: next } = await client.send(
        new GetChangesCommand({ ShardIterator, Limit }),
      );
      return { records: Records.map((record) => ofTable(record, arn)), next };
    },
  };
}

function ofKinesis(record: KinesisRecord, shardId: string, eventSourceARN: string): SourceRecord {
  const [, , , awsRegion = '', account = ''] = eventSourceARN.split(':');
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
    awsRegion,
    eventSourceARN,
  };
  const bytes = Buffer.byteLength(JSON.stringify(event));
  return { sequenceNumber: SequenceNumber, partitionKey: PartitionKey, arrivedAt, bytes, event };
}

/** A record of the Streams API as Lambda's event has it: times in epoch seconds, bytes in base64, names in camel case. */
function ofTable(record: ChangeRecord, eventSourceARN: string): SourceRecord {
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
