import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { redactionModes } from '../nlp/personal-data/kinds.ts';
import type { TaskName } from '../nlp/types.ts';
import { recordIdSchema, sourceSchema, stringMapSchema, tasksSchema } from './text-record.ts';

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

/** One label of a text, and the classification that gave it; the score of one that gives a quantity is any number. */
export const labelSchema = z.object({ task: z.string(), label: z.string(), score: z.number() });

/** A word's part of speech (UPOS); offsets are UTF-16 code units. */
export const tagSchema = z.object({
  tag: z.string(),
  start: z.int().min(0),
  end: z.int().min(0),
  score: scoreSchema,
});

/** Personal data of a text, by kind; offsets are UTF-16 code units. */
export const personalDataSchema = z.object({
  kind: z.string().min(1),
  text: z.string(),
  start: z.int().min(0),
  end: z.int().min(0),
  score: scoreSchema,
});

/** How personal data is hidden: by as many asterisks, by its kind's name, or by a keyed tag, the same for the same value. */
export const redactionModeSchema = z.enum(redactionModes);

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
  /** As the record asked; absent where it left that to its source or the defaults. */
  tasks: tasksSchema.optional(),
  /** As the record said or as it was detected, `und` where that cannot be told; absent in results of version 0.1. */
  language: z.string().optional(),
  /** Tasks that no model serves in the text's language: nothing was guessed. */
  unserved: z.array(z.string()).optional(),
  entities: z.array(entitySchema),
  answers: z.array(answerSchema),
  /** Absent where no model gave any. */
  labels: z.array(labelSchema).optional(),
  /** Absent where they were not asked for. */
  tags: z.array(tagSchema).optional(),
  /** Absent where it was not asked for. */
  pii: z.array(personalDataSchema).optional(),
  /** How personal data was hidden in everything above; absent where none was to be. */
  redacted: redactionModeSchema.optional(),
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

/** What is asked of a text: by its record, or by its source's standing settings. */
export interface Asked {
  readonly questions: readonly string[];
  /** The defaults where left out. */
  readonly tasks?: readonly TaskName[] | undefined;
  /** Detected where left out. */
  readonly language?: string | undefined;
}

/**
 * SHA-256 over a text and what is asked of it, 32 hex digits: what makes two records of one id different.
 *
 * @param scope of on-demand calls, so that they never overwrite what came by the stream
 * @param hidden where personal data is hidden: the hash is keyed then, or it could be used to guess what the text was; it
 *   covers all that the record brought, which cannot be compared with what is stored any more
 */
export function contentHashOf(
  text: string,
  { questions, tasks, language }: Asked,
  scope?: string,
  hidden?: { readonly key: string; readonly also: unknown },
): string {
  const asked =
    tasks || language ? [{ tasks: tasks && [...tasks].sort(), language }, scope ?? null] : [scope];
  const content = [text, questions, ...asked.filter((part) => part !== undefined)];
  const hash = hidden ? createHmac('sha256', hidden.key) : createHash('sha256');
  return hash
    .update(JSON.stringify(hidden ? [content, hidden.also] : content))
    .digest('hex')
    .slice(0, 32);
}

/** Key of a result. */
export function resultKey(id: string, pipelineVersion: string, contentHash: string) {
  return { pk: `REC#${id}`, sk: `RESULT#${pipelineVersion}#${contentHash}` };
}
