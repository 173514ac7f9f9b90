import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { HttpAnswer, HttpService } from '#local/services/http-server.ts';
import { type LocalService, serve } from '#local/services/local-service.ts';
import { ServiceError } from '#local/services/operations.ts';
import {
  corsHeaders,
  type GatewayProblem,
  gatewayProblems,
} from '#shared/contracts/gateway-problems.ts';
import { type HttpRoute, matchPath } from '#shared/contracts/http-route.ts';
import { messageOf } from '#shared/errors.ts';
import { httpAnswer, proxyEvent } from './proxy-integration.ts';

/** Options of the API Gateway stand-in. */
export interface ApiGatewayOptions {
  readonly routes: readonly Pick<HttpRoute, 'method' | 'path' | 'parameters' | 'model'>[];
  /** Runs the function behind the API; what fails there is not told to the caller. */
  readonly invoke: (
    event: APIGatewayProxyEvent,
  ) => Promise<{ readonly ok: true; readonly payload: unknown } | { readonly ok: false }>;
  /** Port on 127.0.0.1; 0 or left out takes any free one. */
  readonly port?: number;
  /** How long an invocation may take, in milliseconds. Default 29 seconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 29_000;
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
/** What a synchronous invocation takes; text of a body is escaped once more in it. */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024;

/**
 * Starts the API Gateway stand-in: HTTP in, Lambda proxy events out, and back. Unlike AWS it asks for no key, so it serves
 * callers on this machine only.
 */
export function startApiGateway(options: ApiGatewayOptions): Promise<LocalService> {
  return serve(apiGateway(options), { port: options.port });
}

/** The API Gateway stand-in itself, which another server may hand requests to. */
export const apiGateway = (options: Omit<ApiGatewayOptions, 'port'>): HttpService => ({
  bodyLimitBytes: BODY_LIMIT_BYTES,
  answer: (request, body) => answer(request, body, options),
  refuse,
});

async function answer(
  request: IncomingMessage,
  body: Buffer,
  options: ApiGatewayOptions,
): Promise<HttpAnswer> {
  const [path = '', ...search] = (request.url ?? '').split('?');
  const query = new URLSearchParams(search.join('?'));
  const matches = options.routes.flatMap((route) => {
    const pathParameters = matchPath(route.path, path);
    return pathParameters ? [{ route, pathParameters }] : [];
  });
  if (request.method === 'OPTIONS' && matches.length > 0) {
    return { statusCode: 204, headers: corsHeaders };
  }
  const match = matches.find(({ route }) => route.method === request.method);
  if (!match)
    throw new ServiceError('MISSING_AUTHENTICATION_TOKEN', 'Missing Authentication Token');
  const { route } = match;
  const missing = Object.entries(route.parameters ?? {})
    .filter(([name, isRequired]) => isRequired && !query.get(name)?.trim())
    .map(([name]) => name);
  if (missing.length > 0) {
    const message = `Missing required request parameters: [${missing.join(', ')}]`;
    throw new ServiceError('BAD_REQUEST_PARAMETERS', message);
  }
  const fault = isJson(request) ? bodyFault(route.model, body) : undefined;
  if (fault !== undefined) throw new ServiceError('BAD_REQUEST_BODY', fault);
  const event = proxyEvent(request, { ...match, path, query }, body);
  if (Buffer.byteLength(JSON.stringify(event)) > EVENT_LIMIT_BYTES) {
    throw new ServiceError('REQUEST_TOO_LARGE', 'Request Too Long');
  }
  return invoke(event, options);
}

/** A model is for its own media type, which is taken for that of a request without one; others pass unchecked. */
const isJson = ({ headers }: IncomingMessage): boolean =>
  /^(application\/json)?\s*(;|$)/i.test(headers['content-type']?.trim() ?? '');

/** What is wrong with a body by its route's model, in the words of API Gateway's validator. */
function bodyFault(model: HttpRoute['model'], body: Buffer): string | undefined {
  if (!model) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    return `Could not parse request body into json: ${messageOf(error)}`;
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    return '[instance type does not match any allowed primitive type (allowed: ["object"])]';
  }
  const given = Object.keys(json);
  const missing = (model.required ?? []).filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !Object.hasOwn(model.properties, name)).slice(0, 10);
  const faults = [
    missing.length > 0 && `object has missing required properties (${JSON.stringify(missing)})`,
    unknown.length > 0 &&
      `object instance has properties which are not allowed by the schema: ${JSON.stringify(unknown)}`,
  ].filter(Boolean);
  return faults.length > 0 ? `[${faults.join(', ')}]` : undefined;
}

async function invoke(
  event: APIGatewayProxyEvent,
  options: ApiGatewayOptions,
): Promise<HttpAnswer> {
  const over = new AbortController();
  const timeout = delay(options.timeoutMs ?? TIMEOUT_MS, undefined, { signal: over.signal });
  try {
    const result = await Promise.race([options.invoke(event), timeout]);
    if (!result) throw new ServiceError('INTEGRATION_TIMEOUT', 'Endpoint request timed out');
    const answer = result.ok ? httpAnswer(result.payload) : undefined;
    if (answer) return answer;
    throw new ServiceError('INTEGRATION_FAILURE', 'Internal server error', { statusCode: 502 });
  } finally {
    over.abort();
  }
}

/** API Gateway's response types for what is told of any service. */
const TYPES: Record<string, string> = {
  AccessDeniedException: 'ACCESS_DENIED',
  RequestEntityTooLarge: 'REQUEST_TOO_LARGE',
};
const problemOf = (wanted: string) => gatewayProblems.find(({ type }) => type === wanted);

/** The gateway's own error, by its response type, in the words of the API; what is no such type is not told. */
function refuse({ type, statusCode, message }: ServiceError): HttpAnswer {
  const problem = problemOf(TYPES[type] ?? type) ?? problemOf('DEFAULT_5XX');
  const { title, status, detail = message } = problem as GatewayProblem;
  return {
    statusCode: status ?? statusCode,
    headers: {
      'content-type': 'application/problem+json',
      ...(type === 'AccessDeniedException' ? {} : corsHeaders),
    },
    body: JSON.stringify({ type: 'about:blank', title, status, detail }),
  };
}
