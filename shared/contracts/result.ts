import { createHash, createHmac } from 'node:crypto';
import * as z from 'zod';
import { redactionModes } from '../nlp/personal-data/kinds.ts';
import type { TaskName } from '../nlp/types.ts';
import { recordIdSchema, sourceSchema, stringMapSchema, tasksSchema } from './text-record.ts';

/** A time that was written by us: anything else is no item of ours. */
export const arrivedAtSchema = z
  .string()
  .refine((time) => !Number.isNaN(Date.parse(time)), 'must be a time')
  .describe('Arrival on the stream, or of the request: ISO 8601 in UTC with milliseconds.');

const scoreSchema = z.number().min(0).max(1).describe('Probability.');
const offset = z.int().min(0);
const start = offset.describe('Of the span in the text, in UTF-16 code units.');
const end = offset.describe('After the last code unit of the span.');

/** A named entity of a result. */
export const entitySchema = z.object({
  type: z.string().min(1).describe("The model's own label, such as PER."),
  text: z.string(),
  start,
  end,
  score: scoreSchema,
});

/** An answer of a result; null where the text does not say. */
export const answerSchema = z.object({
  question: z.string(),
  text: z.string().nullable().describe('null where the text does not say.'),
  start: start.nullable(),
  end: end.nullable(),
  score: scoreSchema,
  noAnswerScore: scoreSchema.describe('Probability that the text does not say.'),
});

/** One label of a text, and the classification that gave it. */
export const labelSchema = z.object({
  task: z.string().describe('The classification, such as sentiment.'),
  label: z.string(),
  score: z.number().describe('Probability; any number where the classification is a quantity.'),
});

/** A word's part of speech. */
export const tagSchema = z.object({
  tag: z.string().describe('UPOS, as a rule.'),
  start,
  end,
  score: scoreSchema,
});

/** Personal data of a text, by kind. */
export const personalDataSchema = z.object({
  kind: z.string().min(1).describe('Such as EMAIL.'),
  text: z.string(),
  start,
  end,
  score: scoreSchema,
});

/** How personal data is hidden: by as many asterisks, by its kind's name, or by a keyed tag, the same for the same value. */
export const redactionModeSchema = z.enum(redactionModes);

/** An item of the results table that holds what the models said of one text. */
export const resultSchema = z.object({
  pk: z.string().regex(/^REC#/).describe("The table's partition key: `REC#<id>`."),
  sk: z
    .string()
    .regex(/^RESULT#/)
    .describe('`RESULT#<pipelineVersion>#<contentHash>`.'),
  sourceKey: z.string().describe("The index's partition key: `SRC#<source>#<slot>`."),
  sourceOrder: z
    .string()
    .describe("The index's sort key: arrival, id and sort key, so that it is unique."),
  id: recordIdSchema,
  source: sourceSchema,
  pipelineVersion: z.string().describe('Hash of the models and settings that made it.'),
  contentHash: z.string().describe('Hash of the text and what is asked of it.'),
  text: z.string().optional().describe('Absent where storing texts is switched off.'),
  questions: z.array(z.string()).optional(),
  createdAt: z.string().optional().describe('As the record says.'),
  attributes: stringMapSchema.optional().describe('As the record has them.'),
  tasks: tasksSchema
    .optional()
    .describe('As the record asked; absent where it left that to its source or the defaults.'),
  language: z
    .string()
    .optional()
    .describe(
      'As the record said or as it was detected, `und` where that cannot be told; absent in results of version 0.1.',
    ),
  unserved: z
    .array(z.string())
    .optional()
    .describe("Tasks that no model serves in the text's language: nothing was guessed."),
  entities: z.array(entitySchema),
  answers: z.array(answerSchema).describe('One for each question, in their order.'),
  labels: z.array(labelSchema).optional().describe('Absent where no model gave any.'),
  tags: z.array(tagSchema).optional().describe('Absent where they were not asked for.'),
  pii: z.array(personalDataSchema).optional().describe('Absent where it was not asked for.'),
  redacted: redactionModeSchema
    .optional()
    .describe('How personal data was hidden in all of the above; absent where none was to be.'),
  tokens: z.int().min(0),
  windows: z.int().min(0).describe('Parts in which the text was read.'),
  arrivedAt: arrivedAtSchema,
  shard: z.string().describe('Kinesis shard; `http` for on-demand calls.'),
  sequenceNumber: z.string(),
  expiresAt: z.int().optional().describe("Epoch seconds, read by the table's TTL."),
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
