import { z } from 'zod';
import { failureObjectSchema } from '#shared/contracts/failure-object.ts';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { rejectionReasons } from '#shared/contracts/rejection.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import type { Blob } from '../put-records.ts';

/** Why something lies in the failures bucket; `abandoned` is a batch that Lambda itself gave up. */
export const failureReasons = [...rejectionReasons, 'abandoned'] as const;

/** Why something lies in the failures bucket. */
export type FailureReason = (typeof failureReasons)[number];

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
