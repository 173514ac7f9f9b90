import * as z from 'zod';
import { parseJson } from '#shared/contracts/parse-json.ts';
import {
  type FailureReason,
  numberOf,
  type RecordPosition,
  type RejectionReason,
  rejectionReasons,
} from '#shared/contracts/rejection.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import type { DeliveredRecord } from '#shared/stream/decode-record.ts';

/** Where parked records lie in the failures bucket. */
export const REJECTED_PREFIX = 'rejected/';

/** Object key of a parked record: the same for the same record, however often it is parked. */
export const failureObjectKey = (position: RecordPosition): string =>
  `${REJECTED_PREFIX}${position.stream}/${position.shard}/${numberOf(position)}.json`;

/** Where in the bucket lies what redrives have sent. */
export const MARKER_PREFIX = 'redriven/';

/** Object key of a failure's marker. */
export const markerKey = (key: string): string => `${MARKER_PREFIX}${key}`;

const REJECTED_KEY = /^rejected\/([^/]+)\/([^/]+)\/(\d+)(?:\.(\d{1,9}))?\.json$/;

/** Where the record of such a key lay; undefined for a key of another form. */
export function positionOfKey(key: string): RecordPosition | undefined {
  const [, stream, shard, sequenceNumber, sub] = REJECTED_KEY.exec(key) ?? [];
  if (stream === undefined || shard === undefined || sequenceNumber === undefined) return undefined;
  const place = { stream, shard, sequenceNumber };
  return sub === undefined ? place : { ...place, subSequenceNumber: Number(sub) };
}

/** One parked record in the failures bucket: everything that is needed to understand it and to send it again. */
export const failureObjectSchema = z.object({
  version: z.literal(1),
  data: z
    .base64()
    .describe("The record's bytes, as they came (of an aggregated blob, the one record's)."),
  partitionKey: z.string(),
  stream: z.string(),
  shard: z.string(),
  sequenceNumber: z.string(),
  subSequenceNumber: z.int().min(0).optional().describe('In an aggregated blob, from 0.'),
  arrivedAt: z.string().describe('On the stream, ISO 8601.'),
  reason: z.enum(rejectionReasons),
  message: z.string().describe('Names the field and the rule.'),
  firstSeenAt: z.string().describe('When it was first parked, ISO 8601.'),
});

/** One parked record. */
export type FailureObject = z.output<typeof failureObjectSchema>;

/** The failure object of a record. */
export function failureObjectOf(
  source: DeliveredRecord,
  why: { readonly reason: RejectionReason; readonly message: string },
  firstSeenAt: string,
): FailureObject {
  const { position, arrivedAt, partitionKey, data } = source;
  const { subSequenceNumber, ...place } = position;
  return {
    version: 1,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    partitionKey,
    ...place,
    ...(subSequenceNumber !== undefined && { subSequenceNumber }),
    arrivedAt,
    reason: why.reason,
    message: why.message,
    firstSeenAt,
  };
}

/** Bytes on their way to a stream, and what decides their shard. */
interface Blob {
  readonly data: Uint8Array;
  readonly partitionKey: string;
}

/** What an object of the failures bucket holds: the stream's own bytes and keys, in their order. */
export interface ParkedFailure {
  readonly reason: FailureReason;
  readonly blobs: readonly Blob[];
}

const invocationRecordSchema = z.object({ payload: z.string() });

const kinesisEventSchema = z.object({
  Records: z
    .array(z.object({ kinesis: z.object({ data: z.base64(), partitionKey: z.string() }) }))
    .min(1, 'must hold a record'),
});

const blobOf = ({ data, partitionKey }: { data: string; partitionKey: string }): Blob => ({
  data: Buffer.from(data, 'base64'),
  partitionKey,
});

/** Whether a key is one of Lambda's own, so that its reason is known unread. */
export const isAbandonedKey = (key: string): boolean => key.startsWith(ABANDONED_BATCHES_PREFIX);

/**
 * Reads an object of the failures bucket: one of ours, or the record of an invocation that Lambda gave up.
 *
 * @throws {ValidationError} naming the field, where it is neither; so for a batch that came from no Kinesis stream
 */
export function parseFailure(key: string, text: string): ParkedFailure {
  if (isAbandonedKey(key)) {
    const { payload } = validate(invocationRecordSchema, parseJson(text));
    const event = validate(kinesisEventSchema, parseJson(payload));
    return { reason: 'abandoned', blobs: event.Records.map(({ kinesis }) => blobOf(kinesis)) };
  }
  const object = validate(failureObjectSchema, parseJson(text));
  return { reason: object.reason, blobs: [blobOf(object)] };
}
