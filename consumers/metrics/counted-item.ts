import * as z from 'zod';
import { rejectionSchema } from '#shared/contracts/rejection.ts';
import {
  answerSchema,
  arrivedAtSchema,
  entitySchema,
  personalDataSchema,
  resultSchema,
  tagSchema,
} from '#shared/contracts/result.ts';
import type { Wanted } from '#shared/results-table/attribute-values.ts';

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T/;
const arrivedAt = arrivedAtSchema.regex(ISO_TIME);

const countedResultSchema = resultSchema
  .pick({
    ...{ pk: true, sk: true, shard: true, source: true, pipelineVersion: true, language: true },
    ...{ tasks: true, unserved: true, labels: true, tokens: true, windows: true },
  })
  .extend({
    entities: z.array(entitySchema.pick({ type: true, score: true })),
    answers: z.array(answerSchema.pick({ text: true, score: true })),
    tags: z.array(tagSchema.pick({ tag: true, score: true })).optional(),
    pii: z.array(personalDataSchema.pick({ kind: true, score: true })).optional(),
    arrivedAt,
  });

const countedRejectionSchema = rejectionSchema
  .pick({ pk: true, sk: true, reason: true, shard: true, source: true })
  .extend({ arrivedAt });

/** What is counted of an item of the results table; the rest of it is neither read nor held to anything. */
export const countedItemSchema = z.union([countedResultSchema, countedRejectionSchema]);

/** What is counted of a result. */
export type CountedResult = z.output<typeof countedResultSchema>;
/** What is counted of an item of the results table. */
export type CountedItem = z.output<typeof countedItemSchema>;

const wantedOf = (schema: unknown): Wanted | undefined => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodArray) {
    return wantedOf(schema.unwrap());
  }
  if (!(schema instanceof z.ZodObject)) return undefined;
  return Object.fromEntries(
    Object.entries(schema.shape).map(([name, inner]) => [name, wantedOf(inner)]),
  );
};

/** The attributes in which all of that lies. */
export const countedAttributes: Wanted = {
  ...wantedOf(countedResultSchema),
  ...wantedOf(countedRejectionSchema),
  packed: undefined,
};
