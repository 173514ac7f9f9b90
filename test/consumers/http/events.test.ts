import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { handleRequest } from '#consumers/http/handle-request.ts';
import { problemSchema } from '#shared/contracts/http-api.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { createHttpDeps } from './doubles.ts';

const minute = () => 60_000;
const resultSchema = z.object({
  statusCode: z.int().min(200).max(599),
  headers: z.record(z.string(), z.string()),
  multiValueHeaders: z.record(z.string(), z.array(z.string())).optional(),
  body: z.string(),
});

/** An event of a REST API, as API Gateway sends it. */
const rest = (over: object = {}) => ({
  resource: '/v1/entities',
  path: '/v1/entities',
  httpMethod: 'POST',
  headers: { 'Content-Type': 'application/json' },
  multiValueHeaders: { 'Content-Type': ['application/json'] },
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: null,
  stageVariables: null,
  requestContext: { stage: 'live', resourcePath: '/v1/entities' },
  body: '{"text":"Ada read \\ud83d\\ude00"}',
  isBase64Encoded: false,
  ...over,
});
const get = (path: string, over: object = {}) =>
  rest({ body: null, httpMethod: 'GET', path, resource: path, ...over });

/** An event of an HTTP API or a function URL, payload 2.0. */
const payload2 = (method: string, path: string, over: object = {}) => ({
  version: '2.0',
  routeKey: `${method} ${path}`,
  rawPath: path,
  rawQueryString: '',
  headers: { 'content-type': 'application/json' },
  requestContext: { http: { method, path }, stage: '$default' },
  isBase64Encoded: false,
  ...over,
});

async function answerTo(event: unknown) {
  const { deps } = createHttpDeps();
  await handleRequest(rest({ body: '{"text":"Ada","id":"a:b"}' }), deps, minute);
  const { body, ...answer } = resultSchema.parse(await handleRequest(event, deps, minute));
  return { ...answer, body, json: body === '' ? undefined : (JSON.parse(body) as unknown) };
}

const base64 = (text: string | Buffer) => Buffer.from(text as string).toString('base64');
const json = '{"text":"Ada"}';

describe('an event', () => {
  it.each([
    ['with a BOM', rest({ body: `\ufeff${json}` })],
    ['with a BOM, in base64', rest({ body: base64(`\ufeff${json}`), isBase64Encoded: true })],
    ['in base64', rest({ body: base64(json), isBase64Encoded: true })],
    ['with no headers', rest({ headers: null, multiValueHeaders: null })],
    ['with all headers in lists', rest({ headers: null })],
    ['with a vendor’s type', rest({ headers: { 'CONTENT-TYPE': ' application/x+json ; a=b' } })],
    ['with a header named constructor', rest({ headers: { constructor: 'x' } })],
    ['with a header named __proto__', rest({ headers: JSON.parse('{"__proto__":"x"}') })],
    ['of a custom domain', rest({ path: '/nlp/v1/entities' })],
    [
      'of a greedy resource',
      rest({ resource: '/{proxy+}', pathParameters: { proxy: 'v1/entities' } }),
    ],
    [
      'of a greedy resource behind a stage',
      rest({
        resource: '/{proxy+}',
        path: '/prod/v1/entities',
        pathParameters: { proxy: 'v1/entities' },
      }),
    ],
    ['with a trailing slash', rest({ path: '/v1/entities/' })],
    ['of an HTTP API, payload 1.0', rest({ version: '1.0', resource: '$default' })],
    [
      'of an HTTP API with a stage',
      rest({ resource: '$default', path: '/live/v1/entities', requestContext: { stage: 'live' } }),
    ],
    ['of payload 2.0', payload2('POST', '/v1/entities', { body: json })],
    [
      'of a load balancer',
      rest({ resource: undefined, requestContext: { elb: { targetGroupArn: 'arn' } } }),
    ],
  ])('%s is served', async (_what, event) => {
    const { statusCode, json: body } = await answerTo(event);

    expect(body).toMatchObject({ results: [{ entities: [{ text: 'Ada' }] }], errors: [] });
    expect(statusCode).toBe(200);
  });

  it.each([
    [
      'decoded',
      get('/v1/records/a:b', { resource: '/v1/records/{id}', pathParameters: { id: 'a:b' } }),
    ],
    [
      'encoded',
      get('/v1/records/a%3Ab', { resource: '/v1/records/{id}', pathParameters: { id: 'a%3Ab' } }),
    ],
    ['in a path alone', get('/v1/records/a%3Ab/', { resource: '/{proxy+}' })],
    [
      'of another base path',
      get('/v1/records/a%3Ab', {
        resource: '/{proxy+}',
        pathParameters: { proxy: 'records/a%3Ab' },
      }),
    ],
    ['of payload 2.0', payload2('GET', '/v1/records/a%3Ab')],
  ])('finds the record a:b by a path parameter %s', async (_what, event) => {
    const { json: body } = await answerTo(event);

    expect(body).toMatchObject({ id: 'a:b', results: [{ id: 'a:b' }] });
  });

  it.each([
    ['one value', get('/v1/records', { queryStringParameters: { source: 'http' } })],
    [
      'lists alone',
      get('/v1/records', {
        queryStringParameters: null,
        multiValueQueryStringParameters: { source: ['a', 'http'] },
      }),
    ],
    ['payload 2.0', payload2('GET', '/v1/records', { rawQueryString: 'source=a&source=http' })],
    [
      'a load balancer, which decodes nothing',
      get('/v1/records', {
        queryStringParameters: { source: 'http', from: '2026-01-01T00%3A00%3A00%2B01:00' },
        requestContext: { elb: {} },
      }),
    ],
  ])('finds the source by a query of %s', async (_what, event) => {
    const { json: body } = await answerTo(event);

    expect(body).toMatchObject({ results: [{ id: 'a:b' }] });
  });

  it.each([
    [
      'no UTF-8',
      rest({ body: base64(Buffer.from([0x22, 0xeb, 0x22])), isBase64Encoded: true }),
      400,
    ],
    ['gzip', rest({ headers: { 'Content-Encoding': 'gzip' } }), 415],
    ['two types', rest({ headers: { 'content-type': 'application/json, application/json' } }), 415],
    ['an object for a body', rest({ body: { text: 'Ada' } }), 400],
    ['no body', rest({ body: null }), 400],
    [
      'an unknown parameter',
      get('/v1/records', { queryStringParameters: JSON.parse('{"source":"a","__proto__":"x"}') }),
      400,
    ],
    [
      'a malformed escape',
      get('/v1/records/%', { resource: '/v1/records/{id}', pathParameters: { id: '%' } }),
      400,
    ],
    ['a method in lower case', get('/v1/health', { httpMethod: 'get' }), 405],
  ])('with %s is refused with a problem', async (_what, event, status) => {
    const { statusCode, headers, json: body } = await answerTo(event);

    expect(problemSchema.parse(body).status).toBe(status);
    expect(statusCode).toBe(status);
    expect(headers['content-type']).toBe('application/problem+json');
  });

  it('of HEAD is answered as GET is, without the body', async () => {
    const head = await answerTo(get('/v1/health', { httpMethod: 'HEAD' }));
    const got = await answerTo(get('/v1/health'));

    expect(head.body).toBe('');
    expect({ ...head, body: got.body, json: got.json }).toEqual(got);
  });

  it('that lists the values of headers is answered so too', async () => {
    const { headers, multiValueHeaders } = await answerTo(rest({ headers: undefined }));

    expect(multiValueHeaders).toEqual(
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    );
  });
});

describe('whatever comes', () => {
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>(
      '',
      '/',
      '%',
      '/v1/records/%',
      '\ud800',
      'constructor',
      '__proto__',
      '2.0',
    ),
    fc.constantFrom<unknown>(json, '{"texts":["Ada",5]}', '[', '9'.repeat(400), null, true, -1),
  );
  const fields = [
    ...new Set([...Object.keys(rest()), ...Object.keys(payload2('GET', '/')), 'text', 'texts']),
  ];
  const event = fc
    .tuple(
      fc.constantFrom(
        rest(),
        get('/v1/records'),
        get('/v1/records/a', { resource: '/v1/records/{id}', pathParameters: { id: 'a' } }),
        payload2('POST', '/v1/analyze', { body: json }),
      ),
      fc.dictionary(fc.constantFrom(...fields), anything, { maxKeys: 4 }),
      fc.dictionary(fc.constantFrom('http', 'stage', 'elb', '__proto__'), anything, { maxKeys: 2 }),
    )
    .map(([base, over, context]): unknown =>
      JSON.parse(
        JSON.stringify({
          ...base,
          requestContext: { ...Reflect.get(base, 'requestContext'), ...context },
          ...over,
        }),
      ),
    );

  const bare = fc
    .tuple(
      fc.constantFrom({ texts: ['Ada'] }, { context: 'Ada', question: 'Who?' }, {}),
      fc.dictionary(
        fc.constantFrom('text', 'texts', 'question', 'attributes', 'id', 'x'),
        anything,
      ),
    )
    .map(([base, over]): unknown => ({ ...base, ...over }));

  it('is answered well-formed, and never as our fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 6, arbitrary: event }, { weight: 2, arbitrary: bare }, anything),
        async (given) => {
          const { deps } = createHttpDeps();
          const answer = await handleRequest(given, deps, minute);

          // An event of a gateway gets the answer of one, whatever is wrong with it.
          const isEvent =
            given !== null &&
            typeof given === 'object' &&
            (Object.hasOwn(given, 'httpMethod') || Object.hasOwn(given, 'requestContext'));
          const { statusCode: status = 200, body } = isEvent
            ? resultSchema.parse(answer)
            : { statusCode: Reflect.get(answer, 'status'), body: JSON.stringify(answer) };
          expect(status).toBeLessThan(500);
          if (status >= 400 && body !== '') problemSchema.parse(JSON.parse(body));
          expect(JSON.stringify(answer)).not.toMatch(/\bat .+:\d+:\d+/);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it.each([
    ['a deep body', rest({ body: `{"text":${'['.repeat(100_000)}${']'.repeat(100_000)}}` })],
    ['a deep bare body', { text: Array.from({ length: 9_000 }).reduce((inner) => [inner], 1) }],
    [
      'a deep header',
      rest({ headers: Array.from({ length: 9_000 }).reduce((inner) => [inner], 1) }),
    ],
  ])('%s is refused', async (_what, given) => {
    const answer = await handleRequest(given, createHttpDeps().deps, minute);

    const status = Reflect.get(answer, 'statusCode') ?? Reflect.get(answer, 'status');
    expect([200, 400]).toContain(status);
  });

  it.each<[string, (size: number) => object]>([
    [
      'query',
      (size: number) => payload2('GET', '/v1/records', { rawQueryString: 'a=%&'.repeat(size) }),
    ],
    [
      'query of one name',
      (size: number) =>
        payload2('GET', '/v1/records', { rawQueryString: `a=${'%2B+'.repeat(size)}` }),
    ],
    [
      'headers',
      (size: number) =>
        rest({
          headers: Object.fromEntries(Array.from({ length: size }, (_, at) => [`a${at}`, 'b'])),
        }),
    ],
    ['path', (size: number) => get('/'.repeat(size))],
    ['resource', (size: number) => rest({ resource: '{a'.repeat(size) })],
    [
      'type',
      (size: number) => rest({ headers: { 'content-type': `application/${'+'.repeat(size)}` } }),
    ],
    ['escapes', (size: number) => get(`/v1/records/${'%41'.repeat(size)}`)],
    ['body', (size: number) => rest({ body: ' '.repeat(size) })],
    ['texts', (size: number) => rest({ body: `{"texts":[${'"",'.repeat(size)}""]}` })],
    [
      'fields',
      (size: number) =>
        rest({ body: `{${Array.from({ length: size }, (_, at) => `"a${at}":1`).join(',')}}` }),
    ],
  ])('takes time in proportion to its size: %s', async (_what, make) => {
    const { deps } = createHttpDeps();

    const growth = await growthOf((event) => handleRequest(event, deps, minute), make);

    expect(growth).toBeLessThan(LINEAR);
  });
});
