import * as z from 'zod';
import type { TaskName } from '../nlp/types.ts';
import { failuresAnswerSchema, failuresQuerySchema } from './failures.ts';
import { type HttpOperation, routesOf } from './http-route.ts';
import { modelsSchema } from './models.ts';
import { alarmsAnswerSchema, metricsAnswerSchema, metricsQuerySchema } from './monitoring.ts';
import { nextCursor as cursor, paging, timeParameter } from './query-parameters.ts';
import {
  labelSchema,
  personalDataSchema,
  redactionModeSchema,
  resultSchema,
  tagSchema,
} from './result.ts';
import { bodyOfText, bodyOfTexts, MAXIMUM_TEXTS } from './text-bodies.ts';
import {
  attributesSchema,
  createdAtSchema,
  questionSchema,
  questionsSchema,
  recordIdSchema,
  sourceSchema,
  tasksSchema,
} from './text-record.ts';

/** Largest request body, in bytes: what a synchronous Lambda invocation takes. */
export const MAXIMUM_BODY_BYTES = 6 * 1024 * 1024;

/** Whether the call was recorded; the reason where it should have been and was not. */
const recorded = { stored: z.boolean(), notStoredBecause: z.string().optional() };
const { entities, answers, tokens, windows, unserved } = resultSchema.shape;
const found = { language: z.string(), unserved, tokens, windows, ...recorded };
const TOP_K = 'must be 1 to 20';

/** A result as clients see it: without the table's keys. */
export const publicResultSchema = resultSchema.omit({
  pk: true,
  sk: true,
  sourceKey: true,
  sourceOrder: true,
  expiresAt: true,
});

const inferenceErrors = [400, 413, 415, 503, 504] as const;
const readErrors = [400, 413, 504] as const;
const monitoringErrors = [400, 503, 504] as const;

/** A call that is one task for one text or several; one bad text never fails the others. */
function callOfTexts<
  Answer extends z.ZodRawShape,
  Body extends z.ZodRawShape = Record<never, never>,
>(task: Exclude<TaskName, 'answers'>, what: string, given: Answer, more?: Body) {
  return {
    method: 'POST',
    path: `/v1/${task}`,
    summary: `${what} of 1 to ${MAXIMUM_TEXTS} texts; one bad text never fails the others.`,
    body: bodyOfTexts(more as Body),
    answer: z.object({
      pipelineVersion: z.string(),
      results: z.array(z.object({ index: z.int().min(0), id: z.string(), ...given, ...found })),
      errors: z.array(
        z.object({
          index: z.int().min(0),
          code: z.string(),
          field: z.string(),
          message: z.string(),
        }),
      ),
    }),
    errors: inferenceErrors,
  } as const satisfies HttpOperation;
}

/** Every call of the API; a new one is an entry here and its handler in `consumers/http`. */
export const httpOperations = {
  answerQuestion: {
    method: 'POST',
    path: '/v1/answers',
    summary: 'Answers to a question from a context, best first.',
    body: bodyOfText('context', {
      question: questionSchema,
      topK: z.int().min(1, TOP_K).max(20, TOP_K).default(1),
    }),
    knownBy: ['context', 'question'],
    answer: z.object({ id: z.string(), pipelineVersion: z.string(), answers, ...found }),
    errors: inferenceErrors,
  },
  analyzeText: {
    method: 'POST',
    path: '/v1/analyze',
    summary:
      'All that is asked of a text: entities, labels, answers to questions, parts of speech, personal data; in the shape of a stored result.',
    body: bodyOfText('text', {
      questions: questionsSchema.default([]),
      createdAt: createdAtSchema.optional(),
      attributes: attributesSchema.optional(),
      tasks: tasksSchema.optional(),
    }),
    knownBy: ['questions', 'createdAt', 'attributes', 'tasks'],
    answer: publicResultSchema.extend(recorded),
    errors: inferenceErrors,
  },
  findEntities: {
    ...callOfTexts('entities', 'Named entities', { entities }),
    // A body without a path that has texts and nothing more asks for entities.
    knownBy: ['text', 'texts', 'object'],
  },
  classifyTexts: callOfTexts('labels', 'Labels', { labels: z.array(labelSchema) }),
  tagTexts: callOfTexts('tags', 'Parts of speech, word by word,', { tags: z.array(tagSchema) }),
  findPersonalData: callOfTexts(
    'pii',
    'Personal data',
    { pii: z.array(personalDataSchema), redactedText: z.string() },
    {
      mode: redactionModeSchema
        .default('type')
        .describe(
          'How `redactedText` hides it: by as many asterisks, by its kind, or by a keyed tag (where the deployment has a key).',
        ),
    },
  ),
  getRecord: {
    method: 'GET',
    path: '/v1/records/{id}',
    summary: 'What is stored of a record, every pipeline version, newest first, page by page.',
    pathParameters: z.strictObject({ id: recordIdSchema }),
    query: z.strictObject(paging),
    answer: z.object({ id: z.string(), results: z.array(publicResultSchema), cursor }),
    errors: [...readErrors, 404],
  },
  listRecords: {
    method: 'GET',
    path: '/v1/records',
    summary: 'Results of a source, newest first, page by page.',
    query: z
      .strictObject({
        source: sourceSchema,
        from: timeParameter.optional().describe('Arrived at this time or later.'),
        to: timeParameter.optional().describe('Arrived before this time.'),
        ...paging,
      })
      .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
        path: ['from'],
        message: 'must be before to',
      }),
    answer: z.object({ results: z.array(publicResultSchema), cursor }),
    errors: readErrors,
  },
  getMetrics: {
    method: 'GET',
    path: '/v1/metrics',
    summary: 'The metrics of a window of 15 minutes to 24 hours.',
    query: metricsQuerySchema,
    answer: metricsAnswerSchema,
    errors: monitoringErrors,
  },
  listAlarms: {
    method: 'GET',
    path: '/v1/alarms',
    summary: 'The alarms of the deployment with their states, those that are up first.',
    answer: alarmsAnswerSchema,
    errors: monitoringErrors,
  },
  listFailures: {
    method: 'GET',
    path: '/v1/failures',
    summary: 'What lies in the failures bucket, newest first, page by page.',
    query: failuresQuerySchema,
    answer: failuresAnswerSchema,
    errors: [...monitoringErrors, 413],
  },
  getHealth: {
    method: 'GET',
    path: '/v1/health',
    summary: 'Readiness, with the models in use.',
    answer: z.object({
      status: z.literal('ready'),
      pipelineVersion: z.string(),
      models: z.array(
        z.object({
          name: z.string(),
          tasks: z.array(z.string()),
          languages: z.array(z.string()),
          version: z.string(),
        }),
      ),
    }),
    errors: [],
  },
  listModels: {
    method: 'GET',
    path: '/v1/models',
    summary:
      'The models in use with the figures of their cards, and how far present texts have drifted.',
    answer: modelsSchema,
    errors: [503, 504],
  },
  getDescription: {
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This description.',
    answer: z.looseObject({ openapi: z.string() }),
    errors: [],
  },
} as const satisfies Record<string, HttpOperation>;

/** Name of a call. */
export type OperationName = keyof typeof httpOperations;

/** Every call, in the table's order. */
export const httpRoutes = routesOf<OperationName>(httpOperations);

/** An error, as RFC 9457 has it, with the fields at fault. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  cursor: z
    .string()
    .optional()
    .describe('The page goes on there, past a result too large to give.'),
});

/** An error as clients see it. */
export type Problem = z.output<typeof problemSchema>;
