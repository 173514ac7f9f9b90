import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { corsHeaders, type GatewayProblem } from '#shared/contracts/gateway-problems.ts';
import { type HttpRoute, matchPath } from '#shared/contracts/http-route.ts';
import { messageOf } from '#shared/errors.ts';
import { BodyTooLargeError, ForeignCallerError, type HttpAnswer } from '../http-server.ts';
import { type LocalService, serve } from '../local-service.ts';
import { ServiceError } from '../operations.ts';
import { httpAnswer, proxyEvent } from './proxy-integration.ts';

/** Options of the API Gateway stand-in. */
export interface ApiGatewayOptions {
  readonly routes: readonly Pick<HttpRoute, 'method' | 'path' | 'parameters' | 'model'>[];
  /** Runs the function behind the API; what fails there is not told to the caller. */
  readonly invoke: (
    event: APIGatewayProxyEvent,
  ) => Promise<{ readonly ok: true; readonly payload: unknown } | { readonly ok: false }>;
  /** Wordings of the gateway's own errors by response type; its defaults where left out. */
  readonly problems?: readonly GatewayProblem[];
  /** Port on 127.0.0.1; 0 or left out takes any free one. */
  readonly port?: number;
  /** How long an invocation may take, in milliseconds. Default 29 seconds. */
  readonly timeoutMs?: number;
}

type Route = ApiGatewayOptions['routes'][number];

const TIMEOUT_MS = 29_000;
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
/** What a synchronous invocation takes; text of a body is escaped once more in it. */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024;

/** What the gateway answers itself, by response type: status and message. */
const RESPONSES = {
  ACCESS_DENIED: [403, 'Forbidden'],
  BAD_REQUEST_BODY: [400, 'Invalid request body'],
  BAD_REQUEST_PARAMETERS: [400, 'Missing required request parameters'],
  DEFAULT_5XX: [500, 'Internal server error'],
  INTEGRATION_FAILURE: [502, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long'],
} as const;

/** An error that the gateway answers itself; its detail is told where the API words the error. */
class GatewayError extends ServiceError {
  readonly detail: string | undefined;

  constructor(type: keyof typeof RESPONSES, message?: string, detail = message) {
    const [statusCode, standard] = RESPONSES[type];
    super(type, message ?? standard, { statusCode });
    this.detail = detail;
  }
}

/**
 * Starts the API Gateway stand-in: HTTP in, Lambda proxy events out, and back. Unlike AWS it asks for no key, so it serves
 * callers on this machine only.
 */
export function startApiGateway(options: ApiGatewayOptions): Promise<LocalService> {
  const service = {
    bodyLimitBytes: BODY_LIMIT_BYTES,
    answer: (request: IncomingMessage, body: Buffer) => answer(request, body, options),
    refuse: (error: ServiceError) => refuse(error, options),
  };
  return serve(service, { port: options.port });
}

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
  if (!match) throw new GatewayError('MISSING_AUTHENTICATION_TOKEN');
  const { route } = match;
  const missing = Object.entries(route.parameters ?? {})
    .filter(([name, isRequired]) => isRequired && !query.get(name)?.trim())
    .map(([name]) => name);
  if (missing.length > 0) {
    const [, message] = RESPONSES.BAD_REQUEST_PARAMETERS;
    throw new GatewayError('BAD_REQUEST_PARAMETERS', `${message}: [${missing.join(', ')}]`);
  }
  const fault = isJson(request) ? bodyFault(route, body) : undefined;
  // What is wrong with a body goes to the log alone, unless the API words it.
  if (fault !== undefined) throw new GatewayError('BAD_REQUEST_BODY', undefined, fault);
  const event = proxyEvent(request, { ...match, path, query }, body);
  if (Buffer.byteLength(JSON.stringify(event)) > EVENT_LIMIT_BYTES) {
    throw new GatewayError('REQUEST_TOO_LARGE');
  }
  return invoke(event, options);
}

/** A model is for its own media type, which is taken for that of a request without one; others pass unchecked. */
const isJson = ({ headers }: IncomingMessage): boolean =>
  /^(application\/json)?\s*(;|$)/i.test(headers['content-type']?.trim() ?? '');

/** What is wrong with a body by its route's model, in the words of API Gateway's validator. */
function bodyFault({ model }: Route, body: Buffer): string | undefined {
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
    if (!result) throw new GatewayError('INTEGRATION_TIMEOUT');
    const answer = result.ok ? httpAnswer(result.payload) : undefined;
    if (!answer) throw new GatewayError('INTEGRATION_FAILURE');
    return answer;
  } finally {
    over.abort();
  }
}

/** The gateway's own error: its default answer, unless the API words that response type. */
function refuse(thrown: ServiceError, { problems = [] }: ApiGatewayOptions): HttpAnswer {
  const { type, statusCode, message, detail } = asGatewayError(thrown);
  const problem =
    problems.find((one) => one.type === type) ??
    problems.find((one) => one.type === 'DEFAULT_5XX' && statusCode >= 500);
  const body = problem
    ? {
        type: 'about:blank',
        title: problem.title,
        status: problem.status,
        detail: problem.detail ?? detail ?? message,
      }
    : { message };
  return {
    statusCode: problem?.status ?? statusCode,
    headers: {
      'content-type': problem ? 'application/problem+json' : 'application/json',
      ...(type === 'ACCESS_DENIED' ? {} : corsHeaders),
    },
    body: JSON.stringify(body),
  };
}

function asGatewayError(error: ServiceError): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof ForeignCallerError) return new GatewayError('ACCESS_DENIED', error.message);
  const isTooLarge = error instanceof BodyTooLargeError;
  return new GatewayError(isTooLarge ? 'REQUEST_TOO_LARGE' : 'DEFAULT_5XX');
}
