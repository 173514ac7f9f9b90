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
import { type HttpAnswer, httpAnswer, proxyEvent, type Target } from './proxy-integration.ts';

/** One route of the API, as the gateway knows it. */
export type Route = Pick<HttpRoute, 'method' | 'path' | 'parameters' | 'model'>;

/** What an invocation came to. */
export type InvokeResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: string };

/** Options of the API Gateway stand-in. */
export interface ApiGatewayOptions {
  readonly routes: readonly Route[];
  /** Runs the function behind the API. */
  readonly invoke: (event: APIGatewayProxyEvent) => Promise<InvokeResult>;
  /** Wordings of the gateway's own errors by response type; its defaults where left out. */
  readonly problems?: readonly GatewayProblem[];
  /** Port on 127.0.0.1; 0 or left out takes any free one. */
  readonly port?: number;
  /** Keys that `x-api-key` must be one of; no check when left out. */
  readonly apiKeys?: readonly string[];
  /** Stage in `requestContext`; it is not part of the local path. Default `local`. */
  readonly stage?: string;
  /** How long an invocation may take, in milliseconds. Default 29 seconds. */
  readonly timeoutMs?: number;
  /** Largest request body in bytes. Default 10 MB. */
  readonly bodyLimitBytes?: number;
}

const TIMEOUT_MS = 29_000;
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
/** What a synchronous invocation takes; text of a body is escaped once more in it. */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024;

/** An error that the gateway answers itself. */
interface GatewayError {
  /** Response type, as `INVALID_API_KEY`. */
  readonly type: string;
  readonly status: number;
  readonly message: string;
  /** What its validator found. */
  readonly validation?: string;
}

/**
 * Starts the API Gateway stand-in: HTTP in, Lambda proxy events out, and back. Unlike AWS it asks for no key by default, so it
 * serves callers on this machine only.
 */
export async function startApiGateway(options: ApiGatewayOptions): Promise<LocalService> {
  const gateway = createGateway(options);
  const { server, close } = createClosableServer((request, response) => {
    gateway(request)
      .then((result) => send(response, result))
      .catch(() => send(response, errorAnswer(serverError(500), options)))
      .catch(() => response.destroy());
  });
  const endpoint = await listenLocally(server, options.port);
  return { endpoint, close };
}

const serverError = (status: number): GatewayError => ({
  type: 'DEFAULT_5XX',
  status,
  message: 'Internal server error',
});

function createGateway(options: ApiGatewayOptions) {
  const { apiKeys, stage = 'local', bodyLimitBytes = BODY_LIMIT_BYTES } = options;

  async function answer(request: IncomingMessage): Promise<HttpAnswer | GatewayError> {
    const target = targetOf(request.url ?? '');
    const matches = options.routes.flatMap((route) => {
      const pathParameters = matchPath(route.path, target.path);
      return pathParameters ? [{ route, pathParameters }] : [];
    });
    if (request.method === 'OPTIONS' && matches.length > 0) return PREFLIGHT;
    const match = matches.find(({ route }) => route.method === request.method);
    if (!match) return NO_SUCH_PATH;
    const apiKey = request.headers['x-api-key']?.toString();
    if (apiKeys && !apiKeys.includes(apiKey ?? '')) {
      return { type: 'INVALID_API_KEY', status: 403, message: 'Forbidden' };
    }
    const missing = missingParameters(match.route, target);
    if (missing) return { type: 'BAD_REQUEST_PARAMETERS', status: 400, message: missing };
    const body = await readBody(request, bodyLimitBytes);
    const validation = isJson(request) ? bodyFault(match.route, body) : undefined;
    if (validation !== undefined) {
      return { type: 'BAD_REQUEST_BODY', status: 400, message: 'Invalid request body', validation };
    }
    const event = proxyEvent(request, target, match, body, { stage, apiKey });
    if (Buffer.byteLength(JSON.stringify(event)) > EVENT_LIMIT_BYTES) return TOO_LARGE;
    return await invoke(options, event);
  }

  return async (request: IncomingMessage): Promise<HttpAnswer> => {
    const reason = foreignCaller(request);
    if (reason !== undefined) {
      const refused = { type: 'ACCESS_DENIED', status: 403, message: reason };
      return errorAnswer(refused, options, {});
    }
    try {
      const result = await answer(request);
      return 'body' in result ? result : errorAnswer(result, options);
    } catch (error) {
      if (!(error instanceof BodyTooLargeError)) throw error;
      // What is left of the body is not read.
      return errorAnswer(TOO_LARGE, options, { ...corsHeaders, connection: 'close' });
    }
  };
}

const NO_SUCH_PATH: GatewayError = {
  type: 'MISSING_AUTHENTICATION_TOKEN',
  status: 403,
  message: 'Missing Authentication Token',
};
const PREFLIGHT: HttpAnswer = { statusCode: 204, headers: corsHeaders, body: Buffer.alloc(0) };
const TOO_LARGE: GatewayError = {
  type: 'REQUEST_TOO_LARGE',
  status: 413,
  message: 'Request Too Long',
};

function targetOf(url: string): Target {
  const at = url.indexOf('?');
  return at < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at)) };
}

function missingParameters({ parameters = {} }: Route, { query }: Target): string | undefined {
  const missing = Object.keys(parameters).filter(
    (name) => parameters[name] && !query.get(name)?.trim(),
  );
  return missing.length > 0
    ? `Missing required request parameters: [${missing.join(', ')}]`
    : undefined;
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
  const given = json;
  const missing = (model.required ?? []).filter((name) => !Object.hasOwn(given, name));
  const unknown = Object.keys(json).filter((name) => !Object.hasOwn(model.properties, name));
  const faults = [
    missing.length > 0 && `object has missing required properties (${JSON.stringify(missing)})`,
    unknown.length > 0 &&
      `object instance has properties which are not allowed by the schema: ${JSON.stringify(unknown.slice(0, 10))}`,
  ].filter(Boolean);
  return faults.length > 0 ? `[${faults.join(', ')}]` : undefined;
}

async function invoke(
  options: ApiGatewayOptions,
  event: APIGatewayProxyEvent,
): Promise<HttpAnswer | GatewayError> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, options.timeoutMs ?? TIMEOUT_MS, 'timeout');
  });
  try {
    const result = await Promise.race([options.invoke(event), timeout]);
    if (result === 'timeout') {
      return { type: 'INTEGRATION_TIMEOUT', status: 504, message: 'Endpoint request timed out' };
    }
    return (result.ok ? httpAnswer(result.payload) : undefined) ?? serverError(502);
  } finally {
    clearTimeout(timer);
  }
}

/** The gateway's own error: its default answer, unless the API words that response type. */
function errorAnswer(
  { type, status, message, validation }: GatewayError,
  { problems }: ApiGatewayOptions,
  headers: Readonly<Record<string, string>> = corsHeaders,
): HttpAnswer {
  const problem = problems?.find((one) => one.type === type);
  const detail = problem?.detail ?? validation ?? message;
  const body = problem
    ? { type: 'about:blank', title: problem.title, status: problem.status, detail }
    : { message };
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
