import { createHash } from 'node:crypto';
import { z } from 'zod';
import { recordIdSchema, sourceSchema, stringMapSchema } from './text-record.ts';

/** A time that was written by us: anything else is no item of ours. */
export const arrivedAtSchema = z
  .string()
  .refine((time) => !Number.isNaN(Date.parse(time)), 'must be a time');

const scoreSchema = z.number().min(0).max(1);

/** A named entity of a result; offsets are UTF-16 code units. */
export const entitySchema = z.object({
  type: z.string().min(1),
  text: z.string(),
  start: z.int().min(0),
  end: z.int().min(0),
  score: scoreSchema,
});

/** An answer of a result; null where the text does not say. */
export const answerSchema = z.object({
  question: z.string(),
  text: z.string().nullable(),
  start: z.int().min(0).nullable(),
  end: z.int().min(0).nullable(),
  score: scoreSchema,
  noAnswerScore: scoreSchema,
});

/** An item of the results table that holds what the models said of one text. */
export const resultSchema = z.object({
  pk: z.string().startsWith('REC#'),
  sk: z.string().startsWith('RESULT#'),
  /** Index partition: `SRC#<source>#<slot>`. */
  sourceKey: z.string(),
  /** Index sort key: arrival time, id and sort key, so that it is unique and newest first is a backward query. */
  sourceOrder: z.string(),
  id: recordIdSchema,
  source: sourceSchema,
  pipelineVersion: z.string(),
  contentHash: z.string(),
  /** Absent where storing texts is switched off. */
  text: z.string().optional(),
  questions: z.array(z.string()).optional(),
  createdAt: z.string().optional(),
  attributes: stringMapSchema.optional(),
  entities: z.array(entitySchema),
  answers: z.array(answerSchema),
  tokens: z.int().min(0),
  windows: z.int().min(0),
  /** Arrival on the stream, or of the request, ISO 8601 in UTC with milliseconds. */
  arrivedAt: arrivedAtSchema,
  /** Kinesis shard; `http` for on-demand calls. */
  shard: z.string(),
  sequenceNumber: z.string(),
  /** Expiry in epoch seconds, read by the table's TTL. */
  expiresAt: z.int().optional(),
});

/** An item of the results table. */
export type ResultItem = z.output<typeof resultSchema>;

/**
 * SHA-256 over the text and its questions, 32 hex digits: what makes two records of one id different.
 * On-demand calls add their `scope`, so that they never overwrite what came by the stream.
 */
export function contentHashOf(text: string, questions: readonly string[], scope?: string): string {
  return createHash('sha256')
    .update(JSON.stringify(scope === undefined ? [text, questions] : [text, questions, scope]))
    .digest('hex')
    .slice(0, 32);
}

/** Key of a result. */
export function resultKey(id: string, pipelineVersion: string, contentHash: string) {
  return { pk: `REC#${id}`, sk: `RESULT#${pipelineVersion}#${contentHash}` };
}
