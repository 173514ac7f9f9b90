import { createHash, randomUUID } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SourceRecord, StreamSource } from './source.ts';

/** The last invocation of a batch that failed; `functionError` is null where the function answered, though not validly. */
export interface LastFailure {
  readonly requestId: string;
  readonly functionError: 'Unhandled' | null;
  /** How often the batch was tried. */
  readonly invokeCount: number;
}

/** What an on-failure destination in S3 gets of a batch that was given up, in Lambda's shape; `payload` is the event as a JSON string. */
export type InvocationRecord = ReturnType<typeof invocationRecord>;

/**
 * The invocation record of a batch that failed too often. Without a last failure its records are too old: they count one
 * invocation and name none, whether or not they were tried before, as on AWS.
 */
export function invocationRecord(given: {
  readonly source: Pick<StreamSource, 'kind' | 'arn'>;
  readonly functionArn: string;
  readonly shardId: string;
  readonly records: readonly [SourceRecord, ...SourceRecord[]];
  readonly event: unknown;
  readonly now: number;
  readonly lastFailure?: LastFailure | undefined;
}) {
  const { source, records, lastFailure } = given;
  const first = records[0];
  const last = records.at(-1) ?? first;
  // DynamoDB Streams know the second of a change and no more.
  const isoTime = (time: number) =>
    new Date(time).toISOString().replace(source.kind === 'kinesis' ? '' : /\.\d+/, '');
  const info = {
    shardId: given.shardId,
    startSequenceNumber: first.sequenceNumber,
    endSequenceNumber: last.sequenceNumber,
    approximateArrivalOfFirstRecord: isoTime(first.arrivedAt),
    approximateArrivalOfLastRecord: isoTime(last.arrivedAt),
    batchSize: records.length,
    streamArn: source.arn,
  };
  return {
    requestContext: {
      requestId: lastFailure?.requestId || randomUUID(),
      functionArn: given.functionArn,
      condition: lastFailure ? 'RetryAttemptsExhausted' : 'RecordAgeExceeded',
      approximateInvokeCount: lastFailure?.invokeCount ?? 1,
    },
    ...(lastFailure && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: lastFailure.functionError,
      },
    }),
    version: '1.0',
    timestamp: new Date(given.now).toISOString(),
    ...(source.kind === 'kinesis' && { KinesisBatchInfo: info }),
    ...(source.kind === 'dynamodb' && { DDBStreamBatchInfo: info }),
    payload: JSON.stringify(given.event),
  };
}

/** Object key of an invocation record: `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`. */
export function invocationRecordKey(given: {
  readonly mappingUuid: string;
  readonly shardId: string;
  readonly now: number;
  readonly uuid: string;
}): string {
  const [day = '', time = ''] = new Date(given.now).toISOString().slice(0, 19).split('T');
  const folder = `aws/lambda/${given.mappingUuid}/${given.shardId}/${day.replaceAll('-', '/')}`;
  return `${folder}/${day}T${time.replaceAll(':', '.')}-${given.uuid}`;
}

/** A mapping's UUID: the same for the same function and stream, so that its failures keep their folder over restarts. */
export function mappingUuid(functionArn: string, streamArn: string): string {
  const hex = createHash('sha256').update(`${functionArn}\n${streamArn}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Keeps an invocation record under a key; when it resolves, the batch may be passed. */
export type FailureDestination = (key: string, record: InvocationRecord) => Promise<void>;

/** Keeps invocation records as objects of a bucket. */
export function s3Destination(client: S3Client, Bucket: string): FailureDestination {
  return async (Key, record) => {
    const Body = JSON.stringify(record);
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/json' }));
  };
}
