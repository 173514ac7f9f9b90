import { z } from 'zod';

/** Why a record was parked instead of processed. */
export const rejectionReasons = [
  'invalid-json',
  'invalid-record',
  'too-large',
  'undecodable',
  'inference-failed',
] as const;

/** Why a record was parked. */
export type RejectionReason = (typeof rejectionReasons)[number];

/** A rejection, kept in the results table so that it is counted exactly as results are. */
export const rejectionSchema = z.object({
  pk: z.string().startsWith('REJ#'),
  sk: z.literal('REJECTION'),
  reason: z.enum(rejectionReasons),
  message: z.string(),
  stream: z.string(),
  shard: z.string(),
  sequenceNumber: z.string(),
  /** Which record of an aggregated blob, from 0; absent where the blob is one record. */
  subSequenceNumber: z.int().min(0).optional(),
  /** Object key in the failures bucket. */
  failureKey: z.string(),
  arrivedAt: z.string(),
  expiresAt: z.int().optional(),
});

/** A rejection item of the results table. */
export type RejectionItem = z.output<typeof rejectionSchema>;

/** Where on a stream a record lies. */
export interface RecordPosition {
  readonly stream: string;
  readonly shard: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber?: number | undefined;
}

const numberOf = (position: RecordPosition): string =>
  position.subSequenceNumber === undefined
    ? position.sequenceNumber
    : `${position.sequenceNumber}.${position.subSequenceNumber}`;

/** Key of a rejection. */
export function rejectionKey(position: RecordPosition): { pk: string; sk: 'REJECTION' } {
  return { pk: `REJ#${position.stream}#${position.shard}#${numberOf(position)}`, sk: 'REJECTION' };
}

/** Object key of a parked record in the failures bucket: the same for the same record, however often it is parked. */
export function failureObjectKey(position: RecordPosition): string {
  return `rejected/${position.stream}/${position.shard}/${numberOf(position)}.json`;
}
