import { z } from 'zod';
import { rejectionReasons } from './rejection.ts';

/** One parked record in the failures bucket: everything that is needed to understand it and to send it again. */
export const failureObjectSchema = z.object({
  version: z.literal(1),
  /** The record's bytes, base64, exactly as they came (of an aggregated blob: the one record's). */
  data: z.base64(),
  partitionKey: z.string(),
  stream: z.string(),
  shard: z.string(),
  sequenceNumber: z.string(),
  subSequenceNumber: z.int().min(0).optional(),
  /** Arrival on the stream, ISO 8601. */
  arrivedAt: z.string(),
  reason: z.enum(rejectionReasons),
  /** Names the field and the rule. */
  message: z.string(),
  /** When it was first parked, ISO 8601. */
  firstSeenAt: z.string(),
});

/** One parked record. */
export type FailureObject = z.output<typeof failureObjectSchema>;
