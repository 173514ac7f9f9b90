import { request as httpRequest } from 'node:http';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { httpRoutes } from '#shared/contracts/http-api.ts';
import type { ApiGatewayOptions } from '#stacks/local/api-gateway/index.ts';
import { startApiGateway } from '#stacks/local/api-gateway/index.ts';

const model = {
  $schema: 'http://json-schema.org/draft-04/schema#',
  type: 'object',
  properties: { text: {} },
  required: ['text'],
  additionalProperties: false,
} as const;

describe('the API Gateway stand-in', () => {
  let close: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await close?.();
    close = undefined;
  });

  const start = async (options: Partial<ApiGatewayOptions>) => {
    const service = await startApiGateway({
      routes: [
        { method: 'GET', path: '/v1/records/{id}' },
        { method: 'GET', path: '/v1/records', parameters: { source: true, limit: false } },
        { method: 'GET', path: '/v1/health' },
        { method: 'POST', path: '/v1/entities', model },
      ],
      invoke: async () => ({ ok: true, payload: { statusCode: 200, body: '{}' } }),
      ...options,
    });
    close = service.close;
    return service.endpoint;
  };

  /** A stand-in that keeps the events it made. */
  const startRecording = async (payload: unknown = { statusCode: 200, body: '{}' }) => {
    const events: APIGatewayProxyEvent[] = [];
    const endpoint = await start({
      invoke: async (event) => {
        // As it reaches the function: what JSON cannot carry is not in it.
        events.push(JSON.parse(JSON.stringify(event)));
        return { ok: true, payload };
      },
    });
    return { endpoint, events };
  };

  /** A request as raw as Node lets one be, since fetch sets and refuses headers of its own. */
  const raw = (
    endpoint: string,
    path: string,
    options: { method?: string; headers?: Record<string, string | string[]>; body?: string } = {},
  ) =>
    new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>(
      (resolve, reject) => {
        const { port } = new URL(endpoint);
        const { body, ...rest } = options;
        const sent = httpRequest({ host: '127.0.0.1', port, path, ...rest }, async (response) => {
          const text = (await response.toArray()).join('');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
        sent.on('error', reject).end(body);
      },
    );

  it('makes a proxy event of a request and HTTP of the answer', async () => {
    const { endpoint, events } = await startRecording({
      statusCode: 201,
      headers: { 'X-One': 1, 'Content-Length': '999' },
      multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
      body: Buffer.from('done').toString('base64'),
      isBase64Encoded: true,
    });

    const response = await fetch(`${endpoint}/v1/records/REC%231?v=1&v=2&q=a%20b+c`);

    expect(response.status).toBe(201);
    expect(await response.text()).toBe('done');
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(events[0]).toMatchObject({
      resource: '/v1/records/{id}',
      path: '/v1/records/REC%231',
      httpMethod: 'GET',
      pathParameters: { id: 'REC%231' },
      queryStringParameters: { v: '2', q: 'a b c' },
      multiValueQueryStringParameters: { v: ['1', '2'], q: ['a b c'] },
      body: null,
      isBase64Encoded: false,
      requestContext: { resourcePath: '/v1/records/{id}', path: '/local/v1/records/REC%231' },
    });
    expect(events[0]?.requestContext.requestTime).toMatch(
      /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/,
    );
  });

  // What AWS sends of these is recorded in LocalStack's tests/aws/services/apigateway/test_apigateway_lambda.snapshot.json.
  it.each([
    ['/v1/records/a%3Ab', '/v1/records/{id}', { id: 'a%3Ab' }],
    ['/v1/records/a:b', '/v1/records/{id}', { id: 'a:b' }],
    ['/v1/records/a%2Fb', '/v1/records/{id}', { id: 'a%2Fb' }],
    ['/v1/records/%zz', '/v1/records/{id}', { id: '%zz' }],
    ['/v1/records/a/', '/v1/records/{id}', { id: 'a' }],
    ['/v1/records/?source=s', '/v1/records', null],
    ['/v1/health/', '/v1/health', null],
  ])('hands over the path %s as it came', async (path, resource, pathParameters) => {
    const { endpoint, events } = await startRecording();

    await raw(endpoint, path);

    expect(events[0]).toMatchObject({ resource, pathParameters, path: path.split('?')[0] });
  });

  it('hands over both maps of headers and of the query, whatever the names', async () => {
    const { endpoint, events } = await startRecording();
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];

    const { status } = await raw(endpoint, `/v1/health?${names.map((n) => `${n}=1`).join('&')}`, {
      headers: { ...Object.fromEntries(names.map((name) => [name, 'x'])), 'X-Twice': ['a', 'b'] },
    });

    expect(status).toBe(200);
    const [event] = events;
    for (const name of names.filter((one) => one !== '__proto__')) {
      expect(Object.entries(event?.headers ?? {})).toContainEqual([name, 'x']);
      expect(Object.entries(event?.multiValueHeaders ?? {})).toContainEqual([name, ['x']]);
    }
    expect(Object.keys(event?.queryStringParameters ?? {})).toEqual(names);
    expect(Object.keys(event?.multiValueQueryStringParameters ?? {})).toEqual(names);
    expect(event?.headers['X-Twice']).toBe('b');
    expect(event?.multiValueHeaders['X-Twice']).toEqual(['a', 'b']);
    expect(Object.keys(event?.headers ?? {}).map((name) => name.toLowerCase())).not.toContain(
      'connection',
    );
  });

  it.each([
    ['application/octet-stream', Buffer.from([0x41, 0xff, 0x42]), 'A\ufffdB'],
    ['image/png', Buffer.from('é'), 'é'],
  ])('hands over a body of %s as text', async (type, bytes, text) => {
    const { endpoint, events } = await startRecording();

    await fetch(`${endpoint}/v1/entities`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: bytes,
    });

    expect(events[0]).toMatchObject({ body: text, isBase64Encoded: false });
  });

  it.each([
    ['{"text":"a"}', 'application/json', undefined],
    ['\ufeff{"text":"a"}', 'application/json', undefined],
    ['{"text":1}', 'application/json; charset=utf-8', undefined],
    ['no JSON', 'text/plain', undefined],
    ['{}', 'application/json', '[object has missing required properties (["text"])]'],
    [
      '{"text":"a","txt":1}',
      'application/json',
      '[object instance has properties which are not allowed by the schema: ["txt"]]',
    ],
    ['[]', 'Application/JSON', /^\[instance type does not match/],
    ['', 'application/json', /^Could not parse request body into json/],
    ['{"text', 'application/json;charset=utf-8', /^Could not parse request body into json/],
  ])('checks the body %j of %s before the function', async (body, type, detail) => {
    const events: unknown[] = [];
    const endpoint = await start({
      invoke: async (event) => {
        events.push(event);
        return { ok: true, payload: { statusCode: 200, body: '{}' } };
      },
    });

    const response = await fetch(`${endpoint}/v1/entities`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });

    expect(response.status).toBe(detail === undefined ? 200 : 400);
    expect(events).toHaveLength(detail === undefined ? 1 : 0);
    if (detail === undefined) return;
    expect(await response.json()).toMatchObject({
      status: 400,
      detail: detail instanceof RegExp ? expect.stringMatching(detail) : detail,
    });
  });

  it.each([
    [
      'an unknown route',
      {},
      '/v2/none',
      {},
      404,
      'There is no such path, or it needs a signature.',
    ],
    [
      'an unknown method',
      {},
      '/v1/health',
      { method: 'PUT' },
      404,
      'There is no such path, or it needs a signature.',
    ],
    [
      'a missing parameter',
      {},
      '/v1/records?limit=1&source=%20',
      {},
      400,
      'Missing required request parameters: [source]',
    ],
    [
      'a malformed answer',
      { invoke: async () => ({ ok: true as const, payload: { body: 1 } }) },
      '/v1/health',
      {},
      502,
      'The call failed; try again.',
    ],
    [
      'a failed function',
      { invoke: async () => ({ ok: false as const, errorMessage: 'secret' }) },
      '/v1/health',
      {},
      502,
      'The call failed; try again.',
    ],
    [
      'a function that cannot be started',
      { invoke: () => Promise.reject(new Error('secret')) },
      '/v1/health',
      {},
      500,
      'The call failed; try again.',
    ],
    [
      'a slow function',
      { timeoutMs: 20, invoke: () => new Promise<never>(() => undefined) },
      '/v1/health',
      {},
      504,
      'Endpoint request timed out',
    ],
    [
      'a large body',
      {},
      '/v1/entities',
      { method: 'POST', body: 'x'.repeat(10_500_000) },
      413,
      'The body is too large: as JSON in the JSON of an event it may take 6 MB.',
    ],
    [
      'an invalid body',
      {},
      '/v1/entities',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":1,"b":1}' },
      400,
      '[object instance has properties which are not allowed by the schema: ["b"]]',
    ],
  ])(
    'answers %s itself, with CORS headers',
    async (_what, options, path, request, status, detail) => {
      const endpoint = await start(options);

      const response = await fetch(`${endpoint}${path}`, request);

      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(await response.json()).toMatchObject({ type: 'about:blank', detail });
    },
  );

  it.each([
    ['3.5 MB of quotes', `{"text":"${'\\"'.repeat(1_750_000)}"}`],
    ['6.5 MB', JSON.stringify({ text: 'x'.repeat(6_500_000) })],
    ['over the gateway’s own limit', JSON.stringify({ text: 'x'.repeat(10_500_000) })],
  ])('refuses a body that no event can carry: %s', async (_what, body) => {
    const endpoint = await start({});

    const response = await fetch(`${endpoint}/v1/entities`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });

    expect(response.status).toBe(413);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 413, title: 'Content too large' });
  });

  it('words its errors as the API does', async () => {
    const endpoint = await start({ routes: httpRoutes });

    const response = await fetch(`${endpoint}/v2/none`);

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      type: 'about:blank',
      status: 404,
      detail: 'There is no such path, or it needs a signature.',
    });
  });

  it('words the end of a function, whose status stays, and shows nothing of it', async () => {
    const endpoint = await start({
      invoke: async () => ({ ok: false as const, errorMessage: 'secret' }),
    });

    const response = await fetch(`${endpoint}/v1/health`);

    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Internal server error',
      detail: 'The call failed; try again.',
    });
  });

  it('answers preflight requests of this machine’s pages', async () => {
    const endpoint = await start({});
    const headers = { origin: 'http://localhost:3000' };

    const preflight = await raw(endpoint, '/v1/records', { method: 'OPTIONS', headers });

    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-methods']).toBe('GET, POST, OPTIONS');
  });

  it.each([
    ['GET', { host: 'evil.example' }],
    ['GET', { host: '127.0.0.1.evil.example:80' }],
    ['OPTIONS', { origin: 'https://evil.example' }],
    ['GET', { origin: 'null' }],
  ])('serves no page of elsewhere: %s with %j', async (method, headers) => {
    const { endpoint, events } = await startRecording();

    const answer = await raw(endpoint, '/v1/health', { method, headers });

    expect(answer.status).toBe(403);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('answers HEAD as it does a method that is not there, and hangs on nothing odd', async () => {
    const endpoint = await start({});

    for (const path of [
      '//v1/health',
      '/v1//health',
      '/v1/health?%',
      '/?__proto__',
      '/v1/%',
      '*',
    ]) {
      const { status } = await raw(endpoint, path, { method: path === '*' ? 'OPTIONS' : 'HEAD' });
      expect(status).toBe(404);
    }
  });
});
