import { createHash } from 'node:crypto';
import type { StreamRecord, StreamSource } from './stream-source.ts';

/** Why a batch was given up. */
export type ParkCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** The last failed invocation of a batch. */
export interface FailedInvocation {
  readonly requestId: string;
  readonly functionError: 'Unhandled' | undefined;
}

interface BatchInfo {
  readonly shardId: string;
  readonly startSequenceNumber: string;
  readonly endSequenceNumber: string;
  readonly approximateArrivalOfFirstRecord: string;
  readonly approximateArrivalOfLastRecord: string;
  readonly batchSize: number;
  readonly streamArn: string;
}

/** What an on-failure destination in S3 gets of a batch that was given up, in Lambda's shape; `payload` is the event as a JSON string. */
export interface InvocationRecord {
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: ParkCondition;
    readonly approximateInvokeCount: number;
  };
  readonly responseContext: {
    readonly statusCode: number;
    readonly executedVersion: '$LATEST';
    readonly functionError: 'Unhandled' | null;
  };
  readonly version: '1.0';
  readonly timestamp: string;
  readonly KinesisBatchInfo?: BatchInfo;
  readonly DDBStreamBatchInfo?: BatchInfo;
  readonly payload: string;
}

/** Keeps an invocation record under a key; when it resolves, the batch may be passed. */
export type FailureDestination = (key: string, record: InvocationRecord) => Promise<void>;

/** The invocation record of a batch. `records` is not empty. */
export function invocationRecord(given: {
  source: Pick<StreamSource, 'kind' | 'arn'>;
  functionArn: string;
  shardId: string;
  records: readonly [StreamRecord, ...StreamRecord[]];
  event: unknown;
  condition: ParkCondition;
  invokeCount: number;
  lastFailure: FailedInvocation;
  now: number;
}): InvocationRecord {
  const { source, records, lastFailure } = given;
  const first = records[0];
  const last = records.at(-1) ?? first;
  const info: BatchInfo = {
    shardId: given.shardId,
    startSequenceNumber: first.sequenceNumber,
    endSequenceNumber: last.sequenceNumber,
    approximateArrivalOfFirstRecord: new Date(first.arrivedAt).toISOString(),
    approximateArrivalOfLastRecord: new Date(last.arrivedAt).toISOString(),
    batchSize: records.length,
    streamArn: source.arn,
  };
  return {
    requestContext: {
      requestId: lastFailure.requestId,
      functionArn: given.functionArn,
      condition: given.condition,
      approximateInvokeCount: given.invokeCount,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      functionError: lastFailure.functionError ?? null,
    },
    version: '1.0',
    timestamp: new Date(given.now).toISOString(),
    ...(source.kind === 'kinesis' ? { KinesisBatchInfo: info } : { DDBStreamBatchInfo: info }),
    payload: JSON.stringify(given.event),
  };
}

/** Object key of an invocation record: `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`. */
export function invocationRecordKey(given: {
  mappingUuid: string;
  shardId: string;
  now: number;
  uuid: string;
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
