import * as z from 'zod';
import { nextCursor, paging } from './query-parameters.ts';
import { failureReasons } from './rejection.ts';
import { arrivedAtSchema } from './result.ts';
import { recordIdSchema } from './text-record.ts';

/** Most bytes of a record that an answer gives. */
export const SHOWN_BYTES = 16_384;

/** `unreadable` is what lies there and is none of ours, or cannot be understood. */
const listedReason = z.enum([...failureReasons, 'unreadable']);

/** Which dead letters are asked for. */
export const failuresQuerySchema = z.strictObject({
  reason: listedReason.optional(),
  id: recordIdSchema
    .optional()
    .describe('Of this record; only where it could be read, and where bytes are given.'),
  ...paging,
});

/** One object of the failures bucket. */
const listedFailureSchema = z.object({
  key: z.string().describe('Of the object, by which it can be redriven.'),
  reason: listedReason,
  message: z.string().describe('Names the field and the rule.'),
  field: z.string().optional().describe('The field at fault, where one is.'),
  id: z.string().optional().describe('Of the record, where it could be read.'),
  stream: z.string().optional(),
  shard: z.string().optional(),
  sequenceNumber: z.string().optional(),
  subSequenceNumber: z.int().optional().describe('In an aggregated blob, from 0.'),
  arrivedAt: arrivedAtSchema.optional(),
  parkedAt: arrivedAtSchema.describe('When the object was written.'),
  redrivenAt: arrivedAtSchema
    .optional()
    .describe('When a redrive took it last; absent where none did.'),
  size: z.int().describe('Bytes of the object.'),
  bytes: z
    .base64()
    .optional()
    .describe(`The record's first ${SHOWN_BYTES} bytes; absent where they are hidden or many.`),
  truncated: z.boolean().optional().describe('The record has more bytes than are given.'),
});

/** A page of dead letters, newest first. */
export const failuresAnswerSchema = z.object({
  hidden: z
    .boolean()
    .describe('Personal data is to be hidden: no bytes are given, and messages name no field.'),
  failures: z.array(listedFailureSchema),
  incomplete: z
    .boolean()
    .optional()
    .describe('The bucket holds more objects than are looked through: the newest may be missing.'),
  cursor: nextCursor,
});

/** A page of dead letters. */
export type FailuresAnswer = z.output<typeof failuresAnswerSchema>;
