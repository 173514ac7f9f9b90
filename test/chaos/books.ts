import { createHash } from 'node:crypto';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type AttributeValue, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';

/** Clients that talk to the services themselves, past every proxy. */
export interface AuditClients {
  readonly kinesis: KinesisClient;
  readonly dynamodb: DynamoDBClient;
  readonly cloudwatch: CloudWatchClient;
  readonly s3: S3Client;
}

/** An item of a table, as the wire has it. */
export type Item = Record<string, AttributeValue>;

/** A blob on the stream: `<shard>#<sequence number>`, and the digest of its bytes. */
export interface StreamedBlob {
  readonly position: string;
  readonly digest: string;
}

/** What was parked of a record: where it came from, why, and the digest of the bytes that were kept. */
export interface ParkedRecord {
  readonly position: string;
  readonly reason: string;
  readonly digest: string;
}

/** Tells blobs apart: the first 96 bits of their SHA-256. */
export const digestOf = (data: Uint8Array): string =>
  createHash('sha256').update(data).digest('base64').slice(0, 16);

/** Source of the probes that a deployment's canary puts on the stream: they are nobody's records, and no metric counts them. */
export const CANARY = 'spanstream-canary';

/** All that is on a stream but the canary's probes, a page at a time. */
export async function* readStream(
  kinesis: KinesisClient,
  StreamName: string,
): AsyncGenerator<StreamedBlob> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  for (const { ShardId, SequenceNumberRange } of Shards) {
    const oldest = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(oldest));
    const isOpen = SequenceNumberRange?.EndingSequenceNumber === undefined;
    for (let empty = 0; ShardIterator !== undefined && empty < (isOpen ? 2 : 3); ) {
      const { Records = [], NextShardIterator } = await kinesis.send(
        new GetRecordsCommand({ ShardIterator, Limit: 2_000 }),
      );
      for (const { SequenceNumber, Data = new Uint8Array() } of Records) {
        if (Buffer.from(Data).includes(`"source":"${CANARY}"`)) continue;
        yield { position: `${ShardId}#${SequenceNumber}`, digest: digestOf(Data) };
      }
      empty = Records.length === 0 ? empty + 1 : 0;
      ShardIterator = NextShardIterator;
    }
  }
}

/** All items of a table, a page at a time. */
export async function* readTable(client: DynamoDBClient, TableName: string): AsyncGenerator<Item> {
  const pages = paginateScan({ client }, { TableName, ConsistentRead: true });
  for await (const { Items = [] } of pages) yield* Items;
}

/** All that the function parked, an object at a time. */
export async function* readParked(client: S3Client, Bucket: string): AsyncGenerator<ParkedRecord> {
  for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: 'rejected/' })) {
    for (const { Key } of page.Contents ?? []) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      const failure: Record<string, string> = JSON.parse((await Body?.transformToString()) ?? '{}');
      const { shard, sequenceNumber, subSequenceNumber: sub, reason = '', data = '' } = failure;
      yield {
        position: `${shard}#${sequenceNumber}${sub === undefined ? '' : `.${sub}`}`,
        reason,
        digest: digestOf(Buffer.from(data, 'base64')),
      };
    }
  }
}
