import type { APIGatewayProxyResult } from 'aws-lambda';
import { corsHeaders } from '#shared/contracts/gateway-problems.ts';
import { messageOf, ValidationError } from '#shared/errors.ts';
import { type Bounds, createBounds, type HttpDeps, refuseTooLarge } from './on-demand.ts';
import { serve } from './operations.ts';
import { HttpError, problemOf } from './problems.ts';
import { type HttpRequest, readRequest, routeBareBody, routeRequest } from './read-request.ts';

export type { HttpDeps } from './on-demand.ts';

/** What a synchronous invocation may return, in bytes of JSON. */
const MAXIMUM_RETURN_BYTES = 6 * 1024 * 1024;
/** What a load balancer takes of that. */
const MAXIMUM_BALANCED_BYTES = 1024 * 1024;
/** Room for status and headers in a proxy's envelope. */
const ENVELOPE_BYTES = 2_048;

/** A proxy's answer carries its body as a string: JSON in JSON, with every quote and backslash escaped again. */
const inEnvelope = ({ isLoadBalancer }: HttpRequest) => ({
  bytesOf: (body: object) => Buffer.byteLength(JSON.stringify(JSON.stringify(body))),
  maximumBytes: (isLoadBalancer ? MAXIMUM_BALANCED_BYTES : MAXIMUM_RETURN_BYTES) - ENVELOPE_BYTES,
});
const bare = {
  bytesOf: (body: object) => Buffer.byteLength(JSON.stringify(body)),
  maximumBytes: MAXIMUM_RETURN_BYTES,
};

/**
 * Serves the events of API Gateway and its like, and direct invocations with the bare body; the latter are answered with the
 * bare body, an error with its problem. It never throws.
 *
 * @param remaining milliseconds until the function's time-out
 */
export async function handleRequest(
  event: unknown,
  deps: HttpDeps,
  remaining: () => number,
): Promise<APIGatewayProxyResult | object> {
  const request = readRequest(event);
  const bounds = createBounds(deps, remaining, request ? inEnvelope(request) : bare);
  try {
    if (request) return await handleHttp(request, deps, bounds);
    return await serveWithin(bounds, deps, () => routeBareBody(event));
  } catch (error) {
    return problemOf(logged(error, deps));
  } finally {
    bounds.end();
  }
}

async function serveWithin(
  bounds: Bounds,
  deps: HttpDeps,
  route: () => Parameters<typeof serve>[0],
) {
  try {
    const answer = await serve(route(), deps, bounds);
    refuseTooLarge(answer, bounds);
    return answer;
  } catch (error) {
    // Whatever failed since, it failed because there was no time left.
    if (bounds.signal.aborted && !isForClient(error)) throw bounds.signal.reason;
    throw error;
  }
}

async function handleHttp(
  request: HttpRequest,
  deps: HttpDeps,
  bounds: Bounds,
): Promise<APIGatewayProxyResult> {
  if (request.method === 'OPTIONS') return answer(request, 204, {});
  try {
    const body = await serveWithin(bounds, deps, () => routeRequest(request));
    return answer(request, 200, { 'content-type': 'application/json' }, body);
  } catch (error) {
    const problem = problemOf(logged(error, deps), request.path);
    const headers = error instanceof HttpError ? error.headers : {};
    const all = { 'content-type': 'application/problem+json', ...headers };
    return answer(request, problem.status, all, problem);
  }
}

function answer(
  { method, multiValue }: HttpRequest,
  statusCode: number,
  given: Readonly<Record<string, string>>,
  body?: object,
): APIGatewayProxyResult {
  const headers = { ...corsHeaders, ...given };
  return {
    statusCode,
    headers,
    ...(multiValue && {
      multiValueHeaders: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, [value]]),
      ),
    }),
    body: body === undefined || method === 'HEAD' ? '' : JSON.stringify(body),
  };
}

const isForClient = (error: unknown): boolean =>
  error instanceof HttpError || error instanceof ValidationError;

/** Clients are told no detail of our own faults, so the log must hold it. */
function logged(error: unknown, deps: HttpDeps): unknown {
  if (!isForClient(error)) {
    const stack = error instanceof Error ? error.stack : undefined;
    deps.log.error({ why: messageOf(error), stack }, 'a request failed');
  }
  return error;
}
