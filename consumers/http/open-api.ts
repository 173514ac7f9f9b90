import { z } from 'zod';
import {
  analyzeRequestSchema,
  analyzeResponseSchema,
  answersRequestSchema,
  answersResponseSchema,
  entitiesRequestSchema,
  entitiesResponseSchema,
  type HttpOperation,
  healthResponseSchema,
  httpRoutes,
  listRecordsQuerySchema,
  problemSchema,
  recordResponseSchema,
  recordsResponseSchema,
} from '#shared/contracts/http-api.ts';
import { recordIdSchema } from '#shared/contracts/text-record.ts';

interface Description {
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  readonly path?: z.ZodObject;
  readonly answer: z.ZodType;
  /** Error statuses besides those that any call may have. */
  readonly errors: readonly number[];
}

const inferenceErrors = [400, 413, 415, 503, 504];

const descriptions: Readonly<Record<HttpOperation, Description>> = {
  findEntities: {
    summary: 'Named entities of 1 to 300 texts; one bad text never fails the others.',
    body: entitiesRequestSchema,
    answer: entitiesResponseSchema,
    errors: inferenceErrors,
  },
  answerQuestion: {
    summary: 'Answers to a question from a context, best first.',
    body: answersRequestSchema,
    answer: answersResponseSchema,
    errors: inferenceErrors,
  },
  analyzeText: {
    summary:
      'Entities of a text and answers to questions about it, in the shape of a stored result.',
    body: analyzeRequestSchema,
    answer: analyzeResponseSchema,
    errors: inferenceErrors,
  },
  getRecord: {
    summary: 'What is stored of a record, every pipeline version, newest first.',
    path: z.object({ id: recordIdSchema }),
    answer: recordResponseSchema,
    errors: [400, 404],
  },
  listRecords: {
    summary: 'Results of a source, newest first, page by page.',
    query: listRecordsQuerySchema,
    answer: recordsResponseSchema,
    errors: [400],
  },
  getHealth: {
    summary: 'Readiness, with the models in use.',
    answer: healthResponseSchema,
    errors: [],
  },
  getDescription: {
    summary: 'This description.',
    answer: z.looseObject({ openapi: z.string() }),
    errors: [],
  },
};

/** The API's description, OpenAPI 3.1, made from the schemas that requests are checked by. */
export function openApiDescription() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, resource, operation } of httpRoutes) {
    paths[resource] = { ...paths[resource], [method.toLowerCase()]: operationOf(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Spanstream',
      version: '1',
      description: 'Named entities and answers to questions; offsets are UTF-16 code units.',
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemSchema, 'output') },
      securitySchemes: { apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
    },
  };
}

function operationOf(operation: HttpOperation) {
  const { summary, body, query, path, answer, errors } = descriptions[operation];
  return {
    operationId: operation,
    summary,
    ...((query || path) && {
      parameters: [...parametersOf(path, 'path'), ...parametersOf(query, 'query')],
    }),
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(body, 'input') } },
      },
    }),
    responses: {
      200: {
        description: 'OK',
        content: { 'application/json': { schema: schemaOf(answer, 'output') } },
      },
      ...Object.fromEntries([...errors, 500].map((status) => [status, problemResponse])),
    },
  };
}

const problemResponse = {
  description: 'An error that names the field at fault.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query') {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || !z.safeParse(field, undefined).success,
    schema: schemaOf(field as z.ZodType, 'input'),
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io });
  return json;
}
