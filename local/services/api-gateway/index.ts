import type { IncomingMessage, ServerResponse } from 'node:http';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import {
  BodyTooLargeError,
  createClosableServer,
  listenLocally,
  readBody,
} from '../http-server.ts';
import type { LocalService } from '../local-service.ts';
import type { RouteMatch } from './match-route.ts';
import { matchRoute } from './match-route.ts';
import { proxyEvent } from './proxy-event.ts';
import type { HttpAnswer } from './proxy-response.ts';
import { httpAnswer } from './proxy-response.ts';
import type { ApiGatewayOptions } from './types.ts';

export type { ApiGatewayOptions } from './types.ts';

const TIMEOUT_MS = 29_000;
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;

/** Starts the API Gateway stand-in: HTTP in, Lambda proxy events out, and back. */
export async function startApiGateway(options: ApiGatewayOptions): Promise<LocalService> {
  const { server, close } = createClosableServer((request, response) => {
    answer(options, request)
      .then((result) => send(response, result))
      .catch(() =>
        send(response, gatewayError(options, 'DEFAULT_5XX', 500, 'Internal server error')),
      )
      .catch(() => response.destroy());
  });
  const endpoint = await listenLocally(server, options.port);
  return { endpoint, close };
}

async function answer(options: ApiGatewayOptions, request: IncomingMessage): Promise<HttpAnswer> {
  const url = parseUrl(request.url);
  if (url === undefined) return gatewayError(options, 'DEFAULT_4XX', 400, 'Bad request');
  if (request.method === 'OPTIONS') return preflight(options, url);
  const match = matchRoute(options.routes, request.method ?? 'GET', url.pathname);
  if (match === undefined) return noSuchPath(options);
  const apiKey = request.headers['x-api-key'];
  if (options.apiKeys !== undefined && !options.apiKeys.includes(String(apiKey))) {
    return gatewayError(options, 'INVALID_API_KEY', 403, 'Forbidden');
  }
  try {
    const body = await readBody(request, options.bodyLimitBytes ?? BODY_LIMIT_BYTES);
    const fault = bodyFault(match, body);
    if (fault !== undefined) return gatewayError(options, 'BAD_REQUEST_BODY', 400, fault);
    return await invoke(
      options,
      proxyEvent(request, url, match, body, {
        stage: options.stage ?? 'local',
        apiKey: typeof apiKey === 'string' ? apiKey : undefined,
        now: Date.now(),
      }),
    );
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    const tooLarge = gatewayError(options, 'REQUEST_TOO_LARGE', 413, 'Request Too Long');
    return { ...tooLarge, headers: { ...tooLarge.headers, connection: 'close' } };
  }
}

async function invoke(options: ApiGatewayOptions, event: APIGatewayProxyEvent) {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, options.timeoutMs ?? TIMEOUT_MS, 'timeout');
  });
  try {
    const result = await Promise.race([options.invoke(event), timeout]);
    if (result === 'timeout') {
      return gatewayError(options, 'INTEGRATION_TIMEOUT', 504, 'Endpoint request timed out');
    }
    const answered = result.ok ? httpAnswer(result.payload) : undefined;
    return answered ?? gatewayError(options, 'DEFAULT_5XX', 502, 'Internal server error');
  } finally {
    clearTimeout(timer);
  }
}

function bodyFault({ route }: RouteMatch, body: Buffer): string | undefined {
  if (route.validateBody === undefined) return undefined;
  try {
    return route.validateBody(JSON.parse(body.toString('utf8')));
  } catch {
    return 'Invalid request body';
  }
}

function parseUrl(path: string | undefined): URL | undefined {
  try {
    const url = new URL(path ?? '/', 'http://127.0.0.1');
    decodeURIComponent(url.pathname);
    return url;
  } catch {
    return undefined;
  }
}

const noSuchPath = (options: ApiGatewayOptions): HttpAnswer =>
  gatewayError(options, 'MISSING_AUTHENTICATION_TOKEN', 403, 'Missing Authentication Token');

/** The gateway's own error: its default answer, unless the API words that response type. */
function gatewayError(
  options: ApiGatewayOptions,
  type: string,
  status: number,
  message: string,
): HttpAnswer {
  const problem = options.problems?.find((one) => one.type === type);
  const body = problem
    ? {
        type: 'about:blank',
        title: problem.title,
        status: problem.status,
        detail: problem.detail ?? message,
      }
    : { message };
  return {
    statusCode: problem?.status ?? status,
    headers: {
      'content-type': problem ? 'application/problem+json' : 'application/json',
      ...cors(options),
    },
    body: Buffer.from(JSON.stringify(body)),
  };
}

function preflight(options: ApiGatewayOptions, url: URL): HttpAnswer {
  const methods = new Set(
    options.routes
      .map((route) => route.method)
      .filter((method) => matchRoute(options.routes, method, url.pathname) !== undefined),
  );
  if (methods.size === 0) return noSuchPath(options);
  const headers = {
    ...cors(options),
    'access-control-allow-methods': [...methods, 'OPTIONS'].join(','),
  };
  return { statusCode: 204, headers, body: Buffer.alloc(0) };
}

function cors(options: ApiGatewayOptions) {
  return {
    'access-control-allow-origin': options.allowOrigin ?? '*',
    'access-control-allow-headers':
      'Content-Type,Authorization,X-Api-Key,X-Amz-Date,X-Amz-Security-Token',
  };
}

function send(response: ServerResponse, { statusCode, headers, body }: HttpAnswer): void {
  const length = statusCode === 204 ? {} : { 'content-length': String(body.length) };
  response.writeHead(statusCode, { ...headers, ...length });
  response.end(body);
}
