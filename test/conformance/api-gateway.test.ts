import type { APIGatewayProxyEvent } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiGatewayOptions } from '#local/services/api-gateway/index.ts';
import { startApiGateway } from '#local/services/api-gateway/index.ts';
import { gatewayProblems } from '#shared/contracts/gateway-problems.ts';

describe('the API Gateway stand-in', () => {
  let close: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await close?.();
    close = undefined;
  });

  const start = async (options: Partial<ApiGatewayOptions>) => {
    const service = await startApiGateway({
      routes: [
        { method: 'GET', resource: '/v1/records/{id}' },
        { method: 'GET', resource: '/v1/records' },
        {
          method: 'POST',
          resource: '/v1/entities',
          validateBody: (body) =>
            body !== null && typeof body === 'object' && 'text' in body
              ? undefined
              : 'text missing',
        },
      ],
      invoke: async () => ({ ok: true, payload: { statusCode: 200, body: '{}' } }),
      ...options,
    });
    close = service.close;
    return service.endpoint;
  };

  it('makes a proxy event of a request and HTTP of the answer', async () => {
    const events: APIGatewayProxyEvent[] = [];
    const endpoint = await start({
      invoke: async (event) => {
        events.push(event);
        return {
          ok: true,
          payload: {
            statusCode: 201,
            headers: { 'X-One': 1 },
            multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
            body: Buffer.from('done').toString('base64'),
            isBase64Encoded: true,
          },
        };
      },
    });

    const response = await fetch(`${endpoint}/v1/records/REC%231?v=1&v=2&q=a%20b`);

    expect(response.status).toBe(201);
    expect(await response.text()).toBe('done');
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(events[0]).toMatchObject({
      resource: '/v1/records/{id}',
      path: '/v1/records/REC%231',
      httpMethod: 'GET',
      pathParameters: { id: 'REC#1' },
      queryStringParameters: { v: '2', q: 'a b' },
      multiValueQueryStringParameters: { v: ['1', '2'], q: ['a b'] },
      body: null,
      isBase64Encoded: false,
    });
    expect(events[0]?.requestContext.resourcePath).toBe('/v1/records/{id}');
  });

  it.each([
    ['an unknown route', {}, '/v2/none', {}, 403, 'Missing Authentication Token'],
    ['a missing key', { apiKeys: ['k'] }, '/v1/records', {}, 403, 'Forbidden'],
    [
      'a malformed answer',
      { invoke: async () => ({ ok: true as const, payload: { body: 1 } }) },
      '/v1/records',
      {},
      502,
      'Internal server error',
    ],
    [
      'a failed function',
      { invoke: async () => ({ ok: false as const, error: 'secret' }) },
      '/v1/records',
      {},
      502,
      'Internal server error',
    ],
    [
      'a slow function',
      { timeoutMs: 20, invoke: () => new Promise<never>(() => undefined) },
      '/v1/records',
      {},
      504,
      'Endpoint request timed out',
    ],
    [
      'a large body',
      { bodyLimitBytes: 10 },
      '/v1/entities',
      { method: 'POST', body: 'x'.repeat(100) },
      413,
      'Request Too Long',
    ],
    [
      'an invalid body',
      {},
      '/v1/entities',
      { method: 'POST', body: '{"other":1}' },
      400,
      'text missing',
    ],
  ])(
    'answers %s itself, with CORS headers',
    async (_what, options, path, request, status, message) => {
      const endpoint = await start(options);

      const response = await fetch(`${endpoint}${path}`, request);

      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({ message });
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
    },
  );

  it.each([
    ['/v2/none', {}, 404, 'There is no such path, or it needs a signature.'],
    ['/v1/entities', { method: 'POST', body: '{"other":1}' }, 400, 'text missing'],
  ])('words its errors as the API does: %s', async (path, request, status, detail) => {
    const endpoint = await start({ problems: gatewayProblems });

    const response = await fetch(`${endpoint}${path}`, request);

    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ type: 'about:blank', status, detail });
  });

  it('lets a known key through and answers preflight requests', async () => {
    const endpoint = await start({ apiKeys: ['k'] });

    const allowed = await fetch(`${endpoint}/v1/records`, { headers: { 'x-api-key': 'k' } });
    const preflight = await fetch(`${endpoint}/v1/records`, { method: 'OPTIONS' });

    expect(allowed.status).toBe(200);
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,OPTIONS');
  });
});
