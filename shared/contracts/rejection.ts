import * as z from 'zod';
import { messageOf, SpanstreamError, ValidationError } from '#shared/errors.ts';
import { arrivedAtSchema } from './result.ts';
import { sourceSchema } from './text-record.ts';

/** Why a record was parked instead of processed. */
export const rejectionReasons = [
  'invalid-json',
  'invalid-record',
  'too-large',
  'undecodable',
  'inference-failed',
  'inference-timeout',
] as const;

/** Why a record was parked. */
export type RejectionReason = (typeof rejectionReasons)[number];

/** Why something lies in the failures bucket; `abandoned` is a batch that Lambda itself gave up. */
export const failureReasons = [...rejectionReasons, 'abandoned'] as const;

/** Why something lies in the failures bucket. */
export type FailureReason = (typeof failureReasons)[number];

/** Why a record is parked. */
export interface Rejection {
  readonly reason: RejectionReason;
  readonly message: string;
  /** The message without any name that the record brought, where it names one. */
  readonly unnamed?: string;
}

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
  /** Set while the failure object may not be there yet: the rejection is settled, its record is not. */
  pending: z.literal(true).optional(),
  arrivedAt: arrivedAtSchema,
  /** Of a record that could be read, and failed later. */
  source: sourceSchema.optional(),
  expiresAt: z.int().optional(),
});

/** A rejection item of the results table. */
export type RejectionItem = z.output<typeof rejectionSchema>;

/** What is kept of why: bounded, and well-formed even where it names a field that is not. */
export const rejectionMessage = (error: unknown): string =>
  messageOf(error).slice(0, 500).toWellFormed();

const isReason = (code: string): code is RejectionReason =>
  (rejectionReasons as readonly string[]).includes(code);

/** Why an error parks its record; what names no reason makes it undecodable. */
export function rejectionOf(error: unknown): Rejection {
  const code = error instanceof SpanstreamError ? error.code : '';
  const unnamed = error instanceof ValidationError ? error.unnamed : undefined;
  return {
    reason: isReason(code) ? code : 'undecodable',
    message: rejectionMessage(error),
    ...(unnamed !== undefined && { unnamed }),
  };
}

/** Where on a stream a record lies. */
export interface RecordPosition {
  readonly stream: string;
  readonly shard: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber?: number | undefined;
}

/** A record's number on its shard; one of an aggregated blob has the blob's and its own. */
export const numberOf = (position: RecordPosition): string =>
  position.subSequenceNumber === undefined
    ? position.sequenceNumber
    : `${position.sequenceNumber}.${position.subSequenceNumber}`;

/** Key of a rejection. */
export function rejectionKey(position: RecordPosition): { pk: string; sk: 'REJECTION' } {
  return { pk: `REJ#${position.stream}#${position.shard}#${numberOf(position)}`, sk: 'REJECTION' };
}
