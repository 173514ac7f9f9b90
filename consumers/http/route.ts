import type { APIGatewayProxyEvent } from 'aws-lambda';
import { type HttpOperation, httpRoutes, MAXIMUM_BODY_BYTES } from '#shared/contracts/http-api.ts';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { ValidationError } from '#shared/errors.ts';
import type { Call } from './operations.ts';
import { HttpError } from './problems.ts';

/**
 * Turns an API Gateway event into a call.
 *
 * @throws {HttpError} 404, 405, 413 or 415; {ValidationError} for a body that is no JSON
 */
export function routeProxyEvent(event: APIGatewayProxyEvent): Call {
  const matches = httpRoutes.flatMap((route) => {
    const path = pathParameters(route.resource, event);
    return path ? [{ ...route, path }] : [];
  });
  if (matches.length === 0) throw new HttpError(404, `There is nothing at ${event.path}.`);
  const route = matches.find(({ method }) => method === event.httpMethod);
  if (!route) {
    const allow = matches.map(({ method }) => method).join(', ');
    throw new HttpError(405, `${event.httpMethod} is not one of: ${allow}.`, { allow });
  }
  return {
    operation: route.operation,
    path: route.path,
    query: definedOnly(event.queryStringParameters),
    body: route.method === 'POST' ? readBody(event) : undefined,
  };
}

function pathParameters(
  resource: string,
  event: APIGatewayProxyEvent,
): Record<string, string> | undefined {
  if (event.resource === resource) {
    const given = definedOnly(event.pathParameters);
    if (!resource.includes('{') || Object.keys(given).length > 0) return given;
  }
  const wanted = resource.split('/');
  const got = (event.path ?? '').replace(/\/$/, '').split('/');
  if (wanted.length !== got.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = got[index] ?? '';
    if (part.startsWith('{')) found[part.slice(1, -1)] = decoded(value);
    else if (part !== value) return undefined;
  }
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const definedOnly = (values: Record<string, string | undefined> | null | undefined) =>
  Object.fromEntries(
    Object.entries(values ?? {}).flatMap(([key, value]) =>
      value === undefined || value === null ? [] : [[key, value]],
    ),
  );

function readBody(event: APIGatewayProxyEvent): unknown {
  const header = (name: string): string | undefined =>
    Object.entries(event.headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  const type = header('content-type');
  if (type !== undefined && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type.trim())) {
    throw new HttpError(415, 'The body must be application/json.');
  }
  const encoding = header('content-encoding')?.trim().toLowerCase();
  if (encoding && encoding !== 'identity') {
    throw new HttpError(415, 'The body must be sent without a content encoding.');
  }
  if (event.body === null || event.body === undefined || event.body === '') {
    throw new ValidationError('(body)', 'a JSON body is required');
  }
  const bytes = Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > MAXIMUM_BODY_BYTES) {
    throw new HttpError(413, `The body must be at most ${MAXIMUM_BODY_BYTES} bytes.`);
  }
  return parseJson(event.isBase64Encoded ? decodeUtf8(bytes) : event.body);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ValidationError('(body)', 'the body is not valid UTF-8', { cause });
  }
}

/**
 * Tells what a body that came without an API Gateway envelope asks for, by its shape.
 *
 * @throws {ValidationError} where it is none of the known shapes
 */
export function routeBareBody(body: unknown): Call {
  return { operation: operationOfShape(body), path: {}, query: {}, body: reparsed(body) };
}

/** A direct invocation's event was parsed by the runtime: it passes the same checks as a body of HTTP. */
function reparsed(body: unknown): unknown {
  try {
    return parseJson(JSON.stringify(body));
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    throw new ValidationError('(body)', 'the body cannot be read', { cause: error });
  }
}

function operationOfShape(body: unknown): HttpOperation {
  const has = (field: string) =>
    body !== null && typeof body === 'object' && Object.hasOwn(body, field);
  if (has('context') || has('question')) return 'answerQuestion';
  if (has('questions')) return 'analyzeText';
  if (has('text') || has('texts')) return 'findEntities';
  throw new ValidationError(
    '(body)',
    'the body must hold texts or text (entities), context and question (answers), or text and questions (analyze)',
  );
}
