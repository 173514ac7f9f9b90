import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { RouteMatch } from './match-route.ts';

const BINARY = /^(image|audio|video)\/|^application\/(octet-stream|zip|gzip|pdf)/;

/** The event of API Gateway's Lambda proxy integration, payload version 1.0. */
export function proxyEvent(
  request: IncomingMessage,
  url: URL,
  match: RouteMatch,
  body: Buffer,
  options: { stage: string; apiKey: string | undefined; now: number },
): APIGatewayProxyEvent {
  const headers = multiValueHeaders(request);
  const query = multiValueQuery(url);
  const isBase64Encoded = BINARY.test(request.headers['content-type'] ?? '');
  return {
    resource: match.route.resource,
    path: url.pathname,
    httpMethod: match.route.method,
    headers: lastOf(headers) ?? {},
    multiValueHeaders: headers,
    queryStringParameters: lastOf(query),
    multiValueQueryStringParameters: query,
    pathParameters: decoded(match.pathParameters),
    stageVariables: null,
    requestContext: requestContext(request, url, match, options),
    body: body.length === 0 ? null : body.toString(isBase64Encoded ? 'base64' : 'utf8'),
    isBase64Encoded: body.length > 0 && isBase64Encoded,
  };
}

function requestContext(
  request: IncomingMessage,
  url: URL,
  match: RouteMatch,
  options: { stage: string; apiKey: string | undefined; now: number },
): APIGatewayProxyEvent['requestContext'] {
  return {
    accountId: '000000000000',
    apiId: 'local',
    authorizer: null,
    protocol: `HTTP/${request.httpVersion}`,
    httpMethod: match.route.method,
    identity: {
      accessKey: null,
      accountId: null,
      apiKey: options.apiKey ?? null,
      apiKeyId: null,
      caller: null,
      clientCert: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: null,
      sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
      user: null,
      userAgent: request.headers['user-agent'] ?? null,
      userArn: null,
    },
    path: `/${options.stage}${url.pathname}`,
    stage: options.stage,
    requestId: randomUUID(),
    requestTimeEpoch: options.now,
    resourceId: 'local',
    resourcePath: match.route.resource,
  };
}

function multiValueHeaders(request: IncomingMessage): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    headers[name] = [...(headers[name] ?? []), request.rawHeaders[index + 1] ?? ''];
  }
  return headers;
}

function multiValueQuery(url: URL): Record<string, string[]> | null {
  const names = [...new Set(url.searchParams.keys())];
  if (names.length === 0) return null;
  return Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name)]));
}

function lastOf(values: Record<string, string[]> | null): Record<string, string> | null {
  if (values === null) return null;
  return Object.fromEntries(
    Object.entries(values).map(([name, all]) => [name, all[all.length - 1] ?? '']),
  );
}

function decoded(parameters: Record<string, string> | null): Record<string, string> | null {
  if (parameters === null) return null;
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, decodeURIComponent(value)]),
  );
}
