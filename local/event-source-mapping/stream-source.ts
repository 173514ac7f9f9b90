import type { DynamoDBRecord, KinesisStreamRecord } from 'aws-lambda';

/** A record of a stream, and the shape in which a function gets it. */
export interface StreamRecord {
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
export interface Shard {
  readonly shardId: string;
  readonly parentIds: readonly string[];
}

/** A stream of shards; errors are those of the service's SDK client. */
export interface StreamSource {
  readonly kind: 'kinesis' | 'dynamodb';
  readonly arn: string;
  /** How long the stream keeps a record, milliseconds. */
  readonly retentionMs: number;
  listShards(): Promise<Shard[]>;
  /** @param after number of the record to read on after; the shard's oldest record comes first unless given */
  getIterator(shardId: string, after?: string): Promise<string>;
  /**
   * @param shardId the iterator's shard, which the records' `eventID` names
   * @returns without `next` the shard is closed and read to its end
   */
  getRecords(
    shardId: string,
    iterator: string,
    limit: number,
  ): Promise<{ readonly records: readonly StreamRecord[]; readonly next: string | undefined }>;
}
