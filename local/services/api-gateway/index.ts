import type { IncomingMessage, ServerResponse } from 'node:http';
import draft4 from 'ajv-draft-04';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { GatewayProblem } from '#shared/contracts/gateway-problems.ts';
import { messageOf } from '#shared/errors.ts';
import {
  BodyTooLargeError,
  createClosableServer,
  foreignCaller,
  listenLocally,
  readBody,
} from '../http-server.ts';
import type { LocalService } from '../local-service.ts';
import {
  type HttpAnswer,
  httpAnswer,
  matchRoute,
  proxyEvent,
  type Target,
} from './proxy-integration.ts';

/** One route of the API. */
export interface Route {
  readonly method: string;
  /** As API Gateway writes a resource, such as `/v1/records/{id}`. */
  readonly path: string;
  /** Parameters of the query; those that are true must be there. */
  readonly parameters?: Readonly<Record<string, boolean>>;
  /** JSON schema (draft 4) that a JSON body must keep to. */
  readonly model?: Readonly<Record<string, unknown>>;
}

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

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers':
    'Content-Type,Authorization,X-Api-Key,X-Amz-Date,X-Amz-Security-Token',
};

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
  const { routes, apiKeys, stage = 'local', bodyLimitBytes = BODY_LIMIT_BYTES } = options;
  const ajv = new draft4.default({ allErrors: true, strict: false });
  const models = new Map(
    routes.flatMap((route) => (route.model ? [[route, ajv.compile({ ...route.model })]] : [])),
  );

  async function answer(request: IncomingMessage): Promise<HttpAnswer | GatewayError> {
    const target = targetOf(request.url ?? '');
    if (request.method === 'OPTIONS') return preflight(routes, target.path) ?? NO_SUCH_PATH;
    const match = matchRoute(routes, request.method ?? 'GET', target.path);
    if (!match) return NO_SUCH_PATH;
    const apiKey = request.headers['x-api-key'];
    if (apiKeys && !apiKeys.includes(String(apiKey))) {
      return { type: 'INVALID_API_KEY', status: 403, message: 'Forbidden' };
    }
    const missing = missingParameters(match.route, target);
    if (missing) return { type: 'BAD_REQUEST_PARAMETERS', status: 400, message: missing };
    const body = await readBody(request, bodyLimitBytes);
    const validation = isJson(request) ? bodyFault(match.route, body) : undefined;
    if (validation !== undefined) {
      return { type: 'BAD_REQUEST_BODY', status: 400, message: 'Invalid request body', validation };
    }
    const key = typeof apiKey === 'string' ? apiKey : undefined;
    const event = proxyEvent(request, target, match, body, { stage, apiKey: key });
    if (Buffer.byteLength(JSON.stringify(event)) > EVENT_LIMIT_BYTES) return TOO_LARGE;
    return await invoke(options, event);
  }

  function bodyFault(route: Route, body: Buffer): string | undefined {
    const validate = models.get(route);
    if (!validate) return undefined;
    let json: unknown;
    try {
      json = JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''));
    } catch (error) {
      return `Could not parse request body into json: ${messageOf(error)}`;
    }
    if (validate(json)) return undefined;
    return `[${validate.errors?.map(wordedAsOnAws).join(', ')}]`;
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
      return errorAnswer(TOO_LARGE, options, { ...CORS, connection: 'close' });
    }
  };
}

const NO_SUCH_PATH: GatewayError = {
  type: 'MISSING_AUTHENTICATION_TOKEN',
  status: 403,
  message: 'Missing Authentication Token',
};
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

function wordedAsOnAws(error: { keyword: string; params: object; message?: string }): string {
  const params = new Map(Object.entries(error.params));
  switch (error.keyword) {
    case 'required':
      return `object has missing required properties (["${params.get('missingProperty')}"])`;
    case 'additionalProperties':
      return `object instance has properties which are not allowed by the schema: ["${params.get('additionalProperty')}"]`;
    case 'type':
      return `instance type does not match any allowed primitive type (allowed: ["${params.get('type')}"])`;
    default:
      return error.message ?? error.keyword;
  }
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
  headers: Readonly<Record<string, string>> = CORS,
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

function preflight(routes: readonly Route[], path: string): HttpAnswer | undefined {
  const methods = [...new Set(routes.map(({ method }) => method))].filter((method) =>
    matchRoute(routes, method, path),
  );
  if (methods.length === 0) return undefined;
  const allow = [...methods, 'OPTIONS'].join(',');
  const headers = { ...CORS, 'access-control-allow-methods': allow };
  return { statusCode: 204, headers, body: Buffer.alloc(0) };
}

function send(response: ServerResponse, { statusCode, headers, body }: HttpAnswer): void {
  const length = statusCode === 204 ? {} : { 'content-length': String(body.length) };
  response.writeHead(statusCode, { ...headers, ...length });
  response.end(body);
}
