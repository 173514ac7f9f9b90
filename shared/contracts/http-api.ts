import { z } from 'zod';
import { resultSchema } from './result.ts';
import {
  attributesSchema,
  MAXIMUM_QUESTIONS,
  questionSchema,
  recordIdSchema,
  sourceSchema,
  textRecordSchema,
  textSchema,
} from './text-record.ts';

/** Most texts of one request. */
export const MAXIMUM_TEXTS = 300;
/** Most results of one page. */
export const MAXIMUM_PAGE = 100;
/** Largest request body, in bytes: what a synchronous Lambda invocation takes. */
export const MAXIMUM_BODY_BYTES = 6 * 1024 * 1024;

/** Every call of the API: method, API Gateway resource and operation. */
export const httpRoutes = [
  { method: 'POST', resource: '/v1/entities', operation: 'findEntities' },
  { method: 'POST', resource: '/v1/answers', operation: 'answerQuestion' },
  { method: 'POST', resource: '/v1/analyze', operation: 'analyzeText' },
  { method: 'GET', resource: '/v1/records/{id}', operation: 'getRecord' },
  { method: 'GET', resource: '/v1/records', operation: 'listRecords' },
  { method: 'GET', resource: '/v1/health', operation: 'getHealth' },
  { method: 'GET', resource: '/v1/openapi.json', operation: 'getDescription' },
] as const;

/** Name of a call. */
export type HttpOperation = (typeof httpRoutes)[number]['operation'];

/** Ids of on-demand calls leave room for the index of a text: `<id>.<index>`. */
const requestIdSchema = recordIdSchema
  .refine((id) => id.length <= 124, 'must be at most 124 characters')
  .describe('Names the text; made where left out, and returned.');
const storing = {
  id: requestIdSchema.optional(),
  store: z.boolean().optional().describe('false: do not record this call as a result.'),
};

const entitiesOfTextsSchema = z.strictObject({
  texts: z
    .array(z.unknown())
    .min(1, `must hold 1 to ${MAXIMUM_TEXTS} texts`)
    .max(MAXIMUM_TEXTS, `must hold 1 to ${MAXIMUM_TEXTS} texts`)
    .describe('Texts; each that is no usable text is answered in `errors`, by its index.'),
  ...storing,
});
const entitiesOfTextSchema = z.strictObject({ text: textSchema, ...storing });

/** Body of `POST /v1/entities`. */
export const entitiesRequestSchema = z.union([entitiesOfTextsSchema, entitiesOfTextSchema]);
/** The two shapes of `POST /v1/entities`, to check a body against the one it is meant to be. */
export const entitiesRequestShapes = { texts: entitiesOfTextsSchema, text: entitiesOfTextSchema };

const TOP_K = 'must be 1 to 20';

/** Body of `POST /v1/answers`. */
export const answersRequestSchema = z.strictObject({
  context: textSchema,
  question: questionSchema,
  topK: z.int().min(1, TOP_K).max(20, TOP_K).default(1),
  ...storing,
});

/** Body of `POST /v1/analyze`. */
export const analyzeRequestSchema = z.strictObject({
  text: textSchema,
  questions: z
    .array(questionSchema)
    .max(MAXIMUM_QUESTIONS, `must hold at most ${MAXIMUM_QUESTIONS} questions`)
    .default([]),
  createdAt: textRecordSchema.shape.createdAt,
  attributes: attributesSchema.optional(),
  ...storing,
});

const time = z.iso.datetime({
  offset: true,
  message: 'must be an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z',
});

const PAGE = `must be a whole number from 1 to ${MAXIMUM_PAGE}`;

/** Query of `GET /v1/records`. */
export const listRecordsQuerySchema = z.strictObject({
  source: sourceSchema,
  from: time.optional().describe('Arrived at this time or later.'),
  to: time.optional().describe('Arrived before this time.'),
  limit: z.coerce.number().int(PAGE).min(1, PAGE).max(MAXIMUM_PAGE, PAGE).default(20),
  cursor: z.string().min(1).max(16_384).optional(),
});

/** A result as clients see it: without the table's keys. */
export const publicResultSchema = resultSchema.omit({
  pk: true,
  sk: true,
  sourceKey: true,
  sourceOrder: true,
  expiresAt: true,
});

/** Whether the call was recorded; the reason where it should have been and was not. */
const recorded = {
  stored: z.boolean(),
  notStoredBecause: z.string().optional(),
};
const entities = resultSchema.shape.entities;
const answers = resultSchema.shape.answers;

/** Answer of `POST /v1/entities`. */
export const entitiesResponseSchema = z.object({
  pipelineVersion: z.string(),
  results: z.array(
    z.object({
      index: z.int().min(0),
      id: z.string(),
      entities,
      tokens: z.int().min(0),
      windows: z.int().min(0),
      ...recorded,
    }),
  ),
  errors: z.array(
    z.object({
      index: z.int().min(0),
      code: z.string(),
      field: z.string(),
      message: z.string(),
    }),
  ),
});

/** Answer of `POST /v1/answers`. */
export const answersResponseSchema = z.object({
  id: z.string(),
  pipelineVersion: z.string(),
  answers,
  tokens: z.int().min(0),
  windows: z.int().min(0),
  ...recorded,
});

/** Answer of `POST /v1/analyze`. */
export const analyzeResponseSchema = publicResultSchema.extend(recorded);

/** Answer of `GET /v1/records/{id}`. */
export const recordResponseSchema = z.object({
  id: z.string(),
  results: z.array(publicResultSchema),
});

/** Answer of `GET /v1/records`. */
export const recordsResponseSchema = z.object({
  results: z.array(publicResultSchema),
  cursor: z.string().optional(),
});

/** Answer of `GET /v1/health`. */
export const healthResponseSchema = z.object({
  status: z.literal('ready'),
  pipelineVersion: z.string(),
  models: z.array(z.object({ name: z.string(), task: z.string(), version: z.string() })),
});

/** An error, as RFC 9457 has it, with the fields at fault. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

/** An error as clients see it. */
export type Problem = z.output<typeof problemSchema>;

/** JSON schemas (draft 4 with type `object`, as API Gateway's validator wants them) of the request bodies, by operation. */
export function requestBodySchemas(): Record<
  'findEntities' | 'answerQuestion' | 'analyzeText',
  Record<string, unknown>
> {
  const convert = (schema: z.ZodType) => z.toJSONSchema(schema, { target: 'draft-4', io: 'input' });
  return {
    findEntities: convert(entitiesRequestSchema),
    answerQuestion: convert(answersRequestSchema),
    analyzeText: convert(analyzeRequestSchema),
  };
}
