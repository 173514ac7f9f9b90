import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayEventIdentity, APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod';
import type { HttpAnswer } from '#local/services/http-server.ts';

/** Stage in `requestContext`; it is not part of the local path. */
const STAGE = 'local';

/** What API Gateway keeps to itself. */
const HOP_BY_HOP =
  /^(connection|content-length|expect|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;

/**
 * The event of API Gateway's Lambda proxy integration (REST API, payload 1.0) without binary media types: the body is text,
 * the path and its parameters stay percent-encoded, of several values of one name the single-value maps hold the last.
 */
export function proxyEvent(
  request: IncomingMessage,
  match: {
    readonly route: { readonly method: string; readonly path: string };
    /** What the route's parameters stand for, percent-encoded as they came. */
    readonly pathParameters: Record<string, string>;
    readonly path: string;
    readonly query: URLSearchParams;
  },
  body: Buffer,
): APIGatewayProxyEvent {
  const { route, pathParameters, path, query } = match;
  const sourceIp = request.socket.remoteAddress ?? '127.0.0.1';
  const headers = multiValueHeaders(request, sourceIp);
  const parameters = query.size > 0 ? grouped(query) : null;
  const now = new Date();
  const userAgent = request.headers['user-agent'] ?? null;
  return {
    resource: route.path,
    path,
    httpMethod: route.method,
    headers: lastOf(headers),
    multiValueHeaders: headers,
    queryStringParameters: parameters && lastOf(parameters),
    multiValueQueryStringParameters: parameters,
    pathParameters: Object.keys(pathParameters).length > 0 ? pathParameters : null,
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      ...{ authorizer: undefined, deploymentId: 'local' },
      domainName: request.headers.host ?? '',
      domainPrefix: 'local',
      extendedRequestId: randomUUID(),
      httpMethod: route.method,
      identity: { ...NOBODY, sourceIp, userAgent } as APIGatewayEventIdentity,
      path: `/${STAGE}${path}`,
      protocol: `HTTP/${request.httpVersion}`,
      requestId: randomUUID(),
      requestTime: requestTime(now),
      requestTimeEpoch: now.getTime(),
      resourceId: 'local',
      resourcePath: route.path,
      stage: STAGE,
    },
    body: body.length === 0 ? null : body.toString('utf8'),
    isBase64Encoded: false,
  };
}

/** A caller without credentials of AWS, as AWS tells of one: without some of the parts that its types promise. */
const NOBODY = {
  ...{ accessKey: null, accountId: null, caller: null, cognitoAuthenticationProvider: null },
  ...{ cognitoAuthenticationType: null, cognitoIdentityId: null, cognitoIdentityPoolId: null },
  ...{ principalOrgId: null, user: null, userArn: null },
};

/** As API Gateway writes a time: `09/Apr/2015:12:34:56 +0000`. */
function requestTime(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(/[ ]/);
  return `${day}/${month}/${year}:${time} +0000`;
}

function multiValueHeaders(request: IncomingMessage, sourceIp: string): Record<string, string[]> {
  const { rawHeaders } = request;
  const sent = Array.from({ length: rawHeaders.length / 2 }, (_, index): [string, string] => [
    rawHeaders[2 * index] ?? '',
    rawHeaders[2 * index + 1] ?? '',
  ]);
  return grouped([
    ...sent.filter(([name]) => !HOP_BY_HOP.test(name)),
    ['X-Forwarded-For', sourceIp],
    ['X-Forwarded-Port', String(request.socket.localPort ?? 443)],
    ['X-Forwarded-Proto', 'http'],
  ]);
}

/** By way of a map, since a name may be one that every object has, as `constructor` or `__proto__`. */
function grouped(pairs: Iterable<[string, string]>): Record<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return Object.fromEntries(values);
}

const lastOf = (values: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, all]) => [name, all.at(-1) ?? '']));

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** What a function may answer to the proxy integration, and nothing else. */
const proxyResponseSchema = z.strictObject({
  statusCode: z.coerce.number().int().min(100).max(599).default(200),
  headers: z.record(z.string(), scalar).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(scalar)).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** The HTTP answer of a function's payload; undefined where the payload is malformed. */
export function httpAnswer(payload: unknown): HttpAnswer | undefined {
  const parsed = proxyResponseSchema.safeParse(payload);
  if (!parsed.success) return undefined;
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = parsed.data;
  const all = [
    ['content-type', 'application/json'] as const,
    ...Object.entries(headers ?? {}),
    ...Object.entries(multiValueHeaders ?? {}),
  ];
  return {
    statusCode,
    headers: Object.fromEntries(
      all.flatMap(([name, value]) => (HOP_BY_HOP.test(name) ? [] : [[name.toLowerCase(), value]])),
    ),
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  };
}
