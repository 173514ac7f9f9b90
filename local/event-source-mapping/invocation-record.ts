import { createHash, randomUUID } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { messageOf } from '#shared/errors.ts';
import { backoffMs } from './clock.ts';
import type { StreamRecord, StreamSource } from './stream-source.ts';
import type { FailureDestination, InvocationRecord, ShardContext } from './types.ts';

/** Why a batch is given up, and the last invocation that failed; without one the record has no `responseContext`. */
export interface GivenUp {
  readonly condition: InvocationRecord['requestContext']['condition'];
  readonly invokeCount: number;
  readonly lastFailure?:
    | { readonly requestId: string; readonly functionError?: 'Unhandled' | null | undefined }
    | undefined;
}

/** Records that are too old: they count one invocation and name none, whether or not they were tried before, as on AWS. */
export const tooOld: GivenUp = { condition: 'RecordAgeExceeded', invokeCount: 1 };

/** The invocation record of a batch. `records` is not empty. */
export function invocationRecord(
  given: {
    source: Pick<StreamSource, 'kind' | 'arn'>;
    functionArn: string;
    shardId: string;
    records: readonly [StreamRecord, ...StreamRecord[]];
    event: unknown;
    now: number;
  } & GivenUp,
): InvocationRecord {
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
      approximateInvokeCount: Math.max(1, given.invokeCount),
    },
    ...(lastFailure && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: lastFailure.functionError ?? null,
      },
    }),
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

/** Keeps invocation records as objects of a bucket. */
export function s3Destination(client: S3Client, bucket: string): FailureDestination {
  return async (key, record) => {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: JSON.stringify(record),
        ContentType: 'application/json',
      }),
    );
  };
}

/**
 * Hands records that are given up to the on-failure destination, trying until it has them.
 *
 * @returns false when the mapping stopped before that
 */
export async function parkRecords(
  context: ShardContext,
  records: readonly StreamRecord[],
  event: unknown,
  why: GivenUp,
): Promise<boolean> {
  const { options, shardId, mappingUuid: uuid, clock, log, stop } = context;
  const [first, ...others] = records;
  if (!first) return true;
  const about = { shardId, records: records.length, condition: why.condition };
  if (!options.onFailure) {
    log.error(about, 'records are dropped: the mapping has no on-failure destination');
    return true;
  }
  const now = clock.now();
  const { functionArn, source } = options;
  const record = invocationRecord({
    source,
    functionArn,
    shardId,
    records: [first, ...others],
    event,
    now,
    ...why,
  });
  const key = invocationRecordKey({ mappingUuid: uuid, shardId, now, uuid: randomUUID() });
  for (let failures = 1; !stop.aborted; failures += 1) {
    try {
      await options.onFailure(key, record);
      log.warn({ ...about, key }, 'records are parked');
      return true;
    } catch (error) {
      log.error({ ...about, error: messageOf(error) }, 'the on-failure destination failed');
      await clock.sleep(backoffMs(failures, context.backoff, clock.random()), stop);
    }
  }
  return false;
}
