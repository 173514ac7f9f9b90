import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { messageOf, ValidationError } from '#shared/errors.ts';
import type { HttpDeps, Timing } from './analyze-texts.ts';
import { serve } from './operations.ts';
import { HttpError, problemOf } from './problems.ts';
import { routeBareBody, routeProxyEvent } from './route.ts';

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers':
    'content-type, x-api-key, authorization, x-amz-date, x-amz-security-token',
};

/**
 * Serves API Gateway's proxy events, and direct invocations with the bare body; the latter are answered with the bare body,
 * an error with its problem.
 *
 * @param remaining milliseconds until the function's time-out
 */
export async function handleRequest(
  event: unknown,
  deps: HttpDeps,
  remaining: () => number,
): Promise<APIGatewayProxyResult | object> {
  const arrivedAt = deps.now();
  const timing = { arrivedAt, deadline: arrivedAt + remaining() };
  if (isProxyEvent(event)) return handleProxyEvent(event, deps, timing);
  try {
    return await serve(routeBareBody(event), deps, timing);
  } catch (error) {
    return problemOf(logged(error, deps));
  }
}

function isProxyEvent(event: unknown): event is APIGatewayProxyEvent {
  return (
    event !== null &&
    typeof event === 'object' &&
    typeof Reflect.get(event, 'httpMethod') === 'string' &&
    typeof Reflect.get(event, 'path') === 'string'
  );
}

async function handleProxyEvent(
  event: APIGatewayProxyEvent,
  deps: HttpDeps,
  timing: Timing,
): Promise<APIGatewayProxyResult> {
  if (event.httpMethod === 'OPTIONS') return { statusCode: 204, headers: CORS, body: '' };
  try {
    const body = await serve(routeProxyEvent(event), deps, timing);
    return answer(200, 'application/json', body);
  } catch (error) {
    const problem = problemOf(logged(error, deps), event.path);
    const headers = error instanceof HttpError ? error.headers : {};
    return answer(problem.status, 'application/problem+json', problem, headers);
  }
}

function answer(
  statusCode: number,
  type: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyResult {
  return {
    statusCode,
    headers: { 'content-type': type, ...CORS, ...headers },
    body: JSON.stringify(body),
  };
}

/** Clients are told no detail of our own faults, so the log must hold it. */
function logged(error: unknown, deps: HttpDeps): unknown {
  if (!(error instanceof HttpError || error instanceof ValidationError)) {
    const stack = error instanceof Error ? error.stack : undefined;
    deps.log.error({ why: messageOf(error), stack }, 'a request failed');
  }
  return error;
}
