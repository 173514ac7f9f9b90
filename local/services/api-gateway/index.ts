import type { IncomingMessage, ServerResponse } from 'node:http';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { corsHeaders, type GatewayProblem } from '#shared/contracts/gateway-problems.ts';
import { type HttpRoute, matchPath } from '#shared/contracts/http-route.ts';
import { messageOf } from '#shared/errors.ts';
import {
  BodyTooLargeError,
  createClosableServer,
  foreignCaller,
  listenLocally,
  readBody,
} from '../http-server.ts';
import type { LocalService } from '../local-service.ts';
import { type HttpAnswer, httpAnswer, proxyEvent } from './proxy-integration.ts';

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
const ERRORS = {
  ACCESS_DENIED: [403, 'Forbidden'],
  BAD_REQUEST_BODY: [400, 'Invalid request body'],
  BAD_REQUEST_PARAMETERS: [400, 'Missing required request parameters'],
  DEFAULT_5XX: [500, 'Internal server error'],
  INTEGRATION_FAILURE: [502, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long'],
} as const;

/** An error that the gateway answers itself; the reason is told in its place or, of a body, where the API words it. */
interface GatewayError {
  readonly type: keyof typeof ERRORS;
  readonly reason?: string;
}

/**
 * Starts the API Gateway stand-in: HTTP in, Lambda proxy events out, and back. Unlike AWS it asks for no key, so it serves
 * callers on this machine only.
 */
export async function startApiGateway(options: ApiGatewayOptions): Promise<LocalService> {
  const { server, close } = createClosableServer((request, response) => {
    handle(request, options)
      .catch(() => errorAnswer({ type: 'DEFAULT_5XX' }, options))
      .then((result) => send(response, result))
      .catch(() => response.destroy());
  });
  const endpoint = await listenLocally(server, options.port);
  return { endpoint, close };
}

async function handle(request: IncomingMessage, options: ApiGatewayOptions): Promise<HttpAnswer> {
  const reason = foreignCaller(request);
  if (reason !== undefined) return errorAnswer({ type: 'ACCESS_DENIED', reason }, options, {});
  try {
    const result = await answer(request, options);
    return 'body' in result ? result : errorAnswer(result, options);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    // What is left of the body is not read.
    const headers = { ...corsHeaders, connection: 'close' };
    return errorAnswer({ type: 'REQUEST_TOO_LARGE' }, options, headers);
  }
}

async function answer(
  request: IncomingMessage,
  options: ApiGatewayOptions,
): Promise<HttpAnswer | GatewayError> {
  const [path = '', ...search] = (request.url ?? '').split('?');
  const query = new URLSearchParams(search.join('?'));
  const matches = options.routes.flatMap((route) => {
    const pathParameters = matchPath(route.path, path);
    return pathParameters ? [{ route, pathParameters }] : [];
  });
  if (request.method === 'OPTIONS' && matches.length > 0) {
    return { statusCode: 204, headers: corsHeaders, body: Buffer.alloc(0) };
  }
  const match = matches.find(({ route }) => route.method === request.method);
  if (!match) return { type: 'MISSING_AUTHENTICATION_TOKEN' };
  const { route } = match;
  const missing = Object.entries(route.parameters ?? {})
    .filter(([name, isRequired]) => isRequired && !query.get(name)?.trim())
    .map(([name]) => name);
  if (missing.length > 0) {
    const [, message] = ERRORS.BAD_REQUEST_PARAMETERS;
    return { type: 'BAD_REQUEST_PARAMETERS', reason: `${message}: [${missing.join(', ')}]` };
  }
  const body = await readBody(request, BODY_LIMIT_BYTES);
  const fault = isJson(request) ? bodyFault(route, body) : undefined;
  if (fault !== undefined) return { type: 'BAD_REQUEST_BODY', reason: fault };
  const event = proxyEvent(request, { ...match, path, query }, body);
  if (Buffer.byteLength(JSON.stringify(event)) > EVENT_LIMIT_BYTES) {
    return { type: 'REQUEST_TOO_LARGE' };
  }
  return await invoke(options, event);
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
  options: ApiGatewayOptions,
  event: APIGatewayProxyEvent,
): Promise<HttpAnswer | GatewayError> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, options.timeoutMs ?? TIMEOUT_MS, undefined);
  });
  try {
    const result = await Promise.race([options.invoke(event), timeout]);
    if (!result) return { type: 'INTEGRATION_TIMEOUT' };
    return (result.ok && httpAnswer(result.payload)) || { type: 'INTEGRATION_FAILURE' };
  } finally {
    clearTimeout(timer);
  }
}

/** The gateway's own error: its default answer, unless the API words that response type. */
function errorAnswer(
  { type, reason }: GatewayError,
  { problems }: ApiGatewayOptions,
  headers: Readonly<Record<string, string>> = corsHeaders,
): HttpAnswer {
  const [status, message] = ERRORS[type];
  const worded = (wanted: string) => problems?.find((one) => one.type === wanted);
  const problem = worded(type) ?? (status >= 500 ? worded('DEFAULT_5XX') : undefined);
  const body = problem
    ? {
        type: 'about:blank',
        title: problem.title,
        ...(problem.status !== undefined && { status: problem.status }),
        detail: problem.detail ?? reason ?? message,
      }
    : // What is wrong with a body goes to the log alone, unless the API words it.
      { message: (type !== 'BAD_REQUEST_BODY' && reason) || message };
  return {
    statusCode: problem?.status ?? status,
    headers: {
      'content-type': problem ? 'application/problem+json' : 'application/json',
      ...headers,
    },
    body: Buffer.from(JSON.stringify(body)),
  };
}

function send(response: ServerResponse, { statusCode, headers, body }: HttpAnswer): void {
  const length = statusCode === 204 ? {} : { 'content-length': String(body.length) };
  response.writeHead(statusCode, { ...headers, ...length });
  response.end(body);
}
