import { createHash } from 'node:crypto';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { fromStoredItem } from '#shared/results-table/stored-item.ts';
import { isAggregated } from './aggregate-some.ts';
import type { WorkloadRecord } from './workload.ts';

/** Clients that talk to the services themselves, past every proxy. */
export interface AuditClients {
  readonly kinesis: KinesisClient;
  readonly dynamodb: DynamoDBClient;
  readonly cloudwatch: CloudWatchClient;
  readonly s3: S3Client;
}

/** Where the books lie. */
export interface AuditTargets {
  readonly stream: string;
  readonly table: string;
  readonly bucket: string;
  /** Earliest moment of the run. */
  readonly since: Date;
}

/** What the books say; `lost` and `doubled` must be empty. */
export interface AuditReport {
  readonly onStream: number;
  readonly results: number;
  readonly rejected: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly wrongReason: readonly string[];
  /** By metric: what CloudWatch sums to and what the table holds. */
  readonly metrics: Readonly<
    Record<string, { readonly published: number; readonly table: number }>
  >;
}

interface StreamRecord {
  readonly position: string;
  readonly digest: string;
}

const digestOf = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Compares what was produced with what the stream, the table, the bucket and CloudWatch hold; uses nothing of the pipeline. */
export async function audit(
  workload: Iterable<WorkloadRecord>,
  clients: AuditClients,
  targets: AuditTargets,
): Promise<AuditReport> {
  const expected = new Map<string, WorkloadRecord['expected']>();
  for (const record of workload) expected.set(digestOf(record.data), record.expected);
  const [records, items, failures] = await Promise.all([
    readStream(clients.kinesis, targets.stream),
    scan(clients.dynamodb, targets.table),
    readFailures(clients.s3, targets.bucket),
  ]);
  const lost: string[] = [];
  const doubled: string[] = [];
  const wrongReason: string[] = [];

  const results = items.filter((item) => item.pk?.S?.startsWith('REC#'));
  const rejections = new Map(
    items.filter((item) => item.pk?.S?.startsWith('REJ#')).map((item) => [item.pk?.S ?? '', item]),
  );
  const perIdAndVersion = new Map<string, number>();
  for (const item of results) {
    const key = `${item.id?.S} under ${item.pipelineVersion?.S}`;
    perIdAndVersion.set(key, (perIdAndVersion.get(key) ?? 0) + 1);
  }
  for (const [key, count] of perIdAndVersion)
    if (count > 1) doubled.push(`${count} results of ${key}`);
  const processed = new Set(results.map((item) => item.id?.S ?? ''));

  const failuresOf = new Map<string, Failure[]>();
  for (const failure of failures) {
    failuresOf.set(failure.position, [...(failuresOf.get(failure.position) ?? []), failure]);
  }

  const seen = new Set<string>();
  let rejected = 0;
  for (const record of records) {
    seen.add(record.digest);
    const expectedOf = expected.get(record.digest);
    if (expectedOf === undefined) {
      doubled.push(`a record at ${record.position} that nobody produced`);
      continue;
    }
    for (const { position, digest, fate } of partsOf(record, expectedOf)) {
      if ('id' in fate) {
        if (!processed.has(fate.id)) lost.push(`no result of ${fate.id} (${position})`);
        continue;
      }
      rejected++;
      const parked = failuresOf.get(position) ?? [];
      if (parked.length === 0) lost.push(`no failure object for ${position} (${fate.reason})`);
      if (parked.length > 1) doubled.push(`${parked.length} failure objects for ${position}`);
      if (!rejections.has(`REJ#${targets.stream}#${position}`)) {
        lost.push(`no rejection item for ${position}`);
      }
      for (const failure of parked) {
        if (failure.reason !== fate.reason) {
          wrongReason.push(`${position}: ${failure.reason} instead of ${fate.reason}`);
        }
        if (failure.digest !== digest) wrongReason.push(`${position}: other bytes`);
      }
    }
  }
  for (const [digest, fate] of expected) {
    if (!seen.has(digest))
      lost.push(`never put on the stream: ${JSON.stringify(fate).slice(0, 200)}`);
  }
  if (rejections.size > rejected)
    doubled.push(`${rejections.size} rejection items for ${rejected} poison records`);

  const entities = results.reduce((sum, item) => sum + entityCount(item), 0);
  const tokens = results.reduce((sum, item) => sum + Number(item.tokens?.N ?? 0), 0);
  const sums = async (name: string) => sumOf(clients.cloudwatch, name, targets.since);
  const metrics = {
    RecordsProcessed: { published: await sums('RecordsProcessed'), table: results.length },
    RecordsRejected: { published: await sums('RecordsRejected'), table: rejections.size },
    EntitiesFound: { published: await sums('EntitiesFound'), table: entities },
    TokensProcessed: { published: await sums('TokensProcessed'), table: tokens },
  };
  return {
    onStream: records.length,
    results: results.length,
    rejected: rejections.size,
    lost,
    doubled,
    wrongReason,
    metrics,
  };
}

/** The records of a blob, each with its place in the books and the digest of its own bytes. */
function partsOf({ position, digest }: StreamRecord, expected: WorkloadRecord['expected']) {
  if (!isAggregated(expected)) return [{ position, digest, fate: expected }];
  return expected.map(({ data, expected: fate }, index) => ({
    position: `${position}.${index}`,
    digest: digestOf(data),
    fate,
  }));
}

async function readStream(kinesis: KinesisClient, stream: string): Promise<StreamRecord[]> {
  const records: StreamRecord[] = [];
  const listed = await kinesis.send(new ListShardsCommand({ StreamName: stream }));
  for (const shard of listed.Shards ?? []) {
    const first = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName: stream,
        ShardId: shard.ShardId,
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    let iterator = first.ShardIterator;
    const last = shard.SequenceNumberRange?.EndingSequenceNumber;
    let empty = 0;
    while (iterator !== undefined && empty < 3) {
      const page = await kinesis.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }),
      );
      for (const record of page.Records ?? []) {
        records.push({
          position: `${shard.ShardId}#${record.SequenceNumber}`,
          digest: digestOf(record.Data ?? new Uint8Array()),
        });
      }
      empty = (page.Records ?? []).length === 0 ? empty + 1 : 0;
      iterator = page.NextShardIterator;
      if (last === undefined && empty > 1) break;
    }
  }
  return records;
}

type Item = Record<string, AttributeValue>;

/** Large results lie packed in the table. */
function entityCount(item: Item): number {
  const stored = fromStoredItem(unmarshall(item));
  return stored !== undefined && 'entities' in stored ? stored.entities.length : 0;
}

async function scan(dynamodb: DynamoDBClient, table: string): Promise<Item[]> {
  const items: Item[] = [];
  const pages = paginateScan({ client: dynamodb }, { TableName: table, ConsistentRead: true });
  for await (const page of pages) items.push(...(page.Items ?? []));
  return items;
}

interface Failure {
  readonly position: string;
  readonly reason: string;
  readonly digest: string;
}

async function readFailures(s3: S3Client, bucket: string): Promise<Failure[]> {
  const failures: Failure[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: 'rejected/',
        ...(token && { ContinuationToken: token }),
      }),
    );
    for (const { Key } of page.Contents ?? []) {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const failure = JSON.parse((await object.Body?.transformToString()) ?? '{}') as Record<
        string,
        string
      >;
      const { shard, sequenceNumber, subSequenceNumber: sub } = failure;
      failures.push({
        position: `${shard}#${sequenceNumber}${sub === undefined ? '' : `.${sub}`}`,
        reason: failure.reason ?? '',
        digest: digestOf(Buffer.from(failure.data ?? '', 'base64')),
      });
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return failures;
}

/** Sum of a metric without dimensions over the whole run. */
export async function sumOf(
  cloudwatch: CloudWatchClient,
  name: string,
  since: Date,
): Promise<number> {
  const start = new Date(Math.floor(since.getTime() / 60_000) * 60_000 - 60_000);
  const answer = await cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: 'Spanstream',
      MetricName: name,
      StartTime: start,
      EndTime: new Date(Date.now() + 120_000),
      Period: 60,
      Statistics: ['Sum'],
    }),
  );
  return (answer.Datapoints ?? []).reduce((sum, point) => sum + (point.Sum ?? 0), 0);
}
