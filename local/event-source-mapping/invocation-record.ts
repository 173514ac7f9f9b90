import { createHash, randomUUID } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { StreamRecord, StreamSource } from './stream-source.ts';

/** Why a batch is given up, and the last invocation that failed; without one the record has no `responseContext`. */
export interface GivenUp {
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  readonly invokeCount: number;
  /** `functionError` is null where the function answered, though not with a valid response. */
  readonly lastFailure?: { readonly requestId: string; readonly functionError: 'Unhandled' | null };
}

/** Records that are too old: they count one invocation and name none, whether or not they were tried before, as on AWS. */
export const tooOld: GivenUp = { condition: 'RecordAgeExceeded', invokeCount: 1 };

/** What an on-failure destination in S3 gets of a batch that was given up, in Lambda's shape; `payload` is the event as a JSON string. */
export type InvocationRecord = ReturnType<typeof invocationRecord>;

/** The invocation record of a batch. */
export function invocationRecord(
  given: {
    readonly source: Pick<StreamSource, 'kind' | 'arn'>;
    readonly functionArn: string;
    readonly shardId: string;
    readonly records: readonly [StreamRecord, ...StreamRecord[]];
    readonly event: unknown;
    readonly now: number;
  } & GivenUp,
) {
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
      condition: given.condition,
      approximateInvokeCount: given.invokeCount,
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
