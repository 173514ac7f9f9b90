import * as z from 'zod';
import { httpRoutes, problemSchema } from '#shared/contracts/http-api.ts';
import type { HttpRoute } from '#shared/contracts/http-route.ts';

/** The API's description, OpenAPI 3.1, made from the schemas that requests are checked by. */
export function openApiDescription() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of httpRoutes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
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

function operationOf({ operation, summary, body, query, pathParameters, ...rest }: HttpRoute) {
  const parameters = [...parametersOf(pathParameters, 'path'), ...parametersOf(query, 'query')];
  return {
    operationId: operation,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: jsonOf(schemaOf(body, 'input')) } }),
    responses: {
      200: { description: 'OK', content: jsonOf(schemaOf(rest.answer, 'output')) },
      ...Object.fromEntries([...rest.errors, 500].map((status) => [status, problemResponse])),
    },
  };
}

const jsonOf = (schema: object) => ({ 'application/json': { schema } });

const problemResponse = {
  description: 'An error that names the field at fault.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query') {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: !z.safeParse(field, undefined).success,
    schema: schemaOf(field as z.ZodType, 'input'),
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io });
  return json;
}
