import { request } from 'node:http';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { startApiGateway } from '#stacks/local/api-gateway/index.ts';
import { localAdapter } from '../support/adapter.ts';
import { describeFacts, type Fact } from './facts.ts';

const TESTS = 'apigateway/test_apigateway_lambda.py::';
const PROXY = `${TESTS}test_lambda_aws_proxy_integration`;
const VALIDATOR =
  'apigateway/test_apigateway_common.py::TestApiGatewayCommon::test_api_gateway_request_validator';

const model = {
  $schema: 'http://json-schema.org/draft-04/schema#',
  type: 'object',
  properties: { a: {}, b: {} },
  required: ['a', 'b'],
  additionalProperties: false,
} as const;
const routes = [
  { method: 'GET', path: '/users/{name}' },
  { method: 'POST', path: '/users/{name}' },
  { method: 'GET', path: '/needs', parameters: { issuer: true } },
  { method: 'POST', path: '/checked', model },
] as const;

interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** What the function answers. */
  readonly result?: unknown;
}

/** The function behind the API answers what it is told to and keeps what it was given. */
const calls: { result: unknown; event?: APIGatewayProxyEvent } = { result: undefined };
const gateway = () =>
  startApiGateway({
    routes: [...routes],
    invoke: async (event) => {
      // As it reaches the function: what JSON cannot carry is not in it.
      calls.event = JSON.parse(JSON.stringify(event));
      return { ok: true, payload: calls.result };
    },
  });

function connect(endpoint = '') {
  /** A request as it is written, since fetch sets and changes headers of its own. */
  const call = (path: string, { result = { statusCode: 200 }, body, ...rest }: Call = {}) =>
    new Promise<{ status: number | undefined; text: string; header: unknown }>(
      (resolve, reject) => {
        calls.result = result;
        delete calls.event;
        const { port } = new URL(endpoint);
        const sent = request({ host: '127.0.0.1', port, path, ...rest }, async (response) => {
          const text = (await response.toArray()).join('');
          resolve({ status: response.statusCode, text, header: response.headers['test-header'] });
        });
        sent.on('error', reject).end(body);
      },
    );
  const eventOf = async (path: string, given?: Call) => {
    await call(path, given);
    return calls.event;
  };
  return { call, eventOf, destroy: async () => undefined };
}
type Connection = ReturnType<typeof connect>;

const names = (value: object | undefined) => Object.keys(value ?? {}).sort();
const SENT = 'dateTimeOffset=2023-06-12T18:05:10.123456+00:00&email=test%2Balias@gmail.com';
const MORE =
  'plus=test+alias@gmail.com&url=https://www.google.com/&whitespace=foo%20bar&zhash=abort/';
const READ = {
  dateTimeOffset: '2023-06-12T18:05:10.123456 00:00',
  email: 'test+alias@gmail.com',
  plus: 'test alias@gmail.com',
  url: 'https://www.google.com/',
  whitespace: 'foo bar',
  zhash: 'abort/',
};

/** A path as it is sent, and the parameter that the function gets. */
const paths: [path: string, parameter: string][] = [
  ['/users/test-path', 'test-path'],
  ['/users/test-path/', 'test-path'],
  ['/users/test-path?urlparam=test', 'test-path'],
  ['/users/test-path/?urlparam=test', 'test-path'],
  ['/users/test%2Balias@gmail.com', 'test%2Balias@gmail.com'],
  ['/users/test+alias@gmail.com', 'test+alias@gmail.com'],
];

/** What a function answers, and what the caller gets: status, body and a header. */
const results: [what: string, result: unknown, status: number, header?: string][] = [
  ['a status alone', { statusCode: 200 }, 200],
  [
    'headers without a body',
    { statusCode: 200, headers: { 'test-header': 'value' } },
    200,
    'value',
  ],
  ['nothing at all', {}, 200],
];

const facts: Fact<Connection>[] = [
  {
    fact: 'names the parts of an event',
    recording: PROXY,
    ask: async ({ eventOf }) => names(await eventOf('/users/test-path')),
    expected: [
      ...['body', 'headers', 'httpMethod', 'isBase64Encoded', 'multiValueHeaders'],
      ...['multiValueQueryStringParameters', 'path', 'pathParameters', 'queryStringParameters'],
      ...['requestContext', 'resource', 'stageVariables'],
    ],
  },
  {
    fact: 'names the parts of the context of a request',
    recording: PROXY,
    ask: async ({ eventOf }) => names((await eventOf('/users/test-path'))?.requestContext),
    expected: [
      ...['accountId', 'apiId', 'deploymentId', 'domainName', 'domainPrefix', 'extendedRequestId'],
      ...['httpMethod', 'identity', 'path', 'protocol', 'requestId', 'requestTime'],
      ...['requestTimeEpoch', 'resourceId', 'resourcePath', 'stage'],
    ],
  },
  {
    fact: 'knows of a caller without credentials the address and the user agent alone',
    recording: PROXY,
    ask: async ({ eventOf }) => {
      const headers = { 'User-Agent': 'python-requests/testing' };
      const { sourceIp, ...identity } =
        (await eventOf('/users/test-path', { headers }))?.requestContext.identity ?? {};
      return [typeof sourceIp, identity];
    },
    expected: [
      'string',
      {
        ...{ accessKey: null, accountId: null, caller: null, cognitoAuthenticationProvider: null },
        ...{
          cognitoAuthenticationType: null,
          cognitoIdentityId: null,
          cognitoIdentityPoolId: null,
        },
        ...{
          principalOrgId: null,
          user: null,
          userAgent: 'python-requests/testing',
          userArn: null,
        },
      },
    ],
  },
  {
    fact: 'gives null for what a request does not have',
    recording: PROXY,
    ask: async ({ eventOf }) => {
      const event = await eventOf('/users/test-path');
      return [
        ...[event?.body, event?.queryStringParameters, event?.multiValueQueryStringParameters],
        ...[event?.stageVariables, event?.isBase64Encoded],
      ];
    },
    expected: [null, null, null, null, false],
  },
  ...paths.map(
    ([sent, name]): Fact<Connection> => ({
      fact: `hands ${sent} over as it came, and its parameter without the slash at the end`,
      recording: PROXY,
      ask: async ({ eventOf }) => {
        const event = await eventOf(sent);
        const { path, resourcePath, stage } = event?.requestContext ?? {};
        return [
          event?.path,
          path === `/${stage}${event?.path}`,
          resourcePath,
          event?.pathParameters,
        ];
      },
      expected: [sent.split('?')[0], true, '/users/{name}', { name }],
    }),
  ),
  ...Object.entries(READ).map(
    ([name, value]): Fact<Connection> => ({
      fact: `decodes ${name} of a query`,
      recording: PROXY,
      ask: async ({ eventOf }) => {
        const event = await eventOf(`/users/a?${SENT}&${MORE}`);
        const { queryStringParameters: one, multiValueQueryStringParameters: all } = event ?? {};
        return [one?.[name], all?.[name]];
      },
      expected: [value, [value]],
    }),
  ),
  {
    fact: 'gives the last of several values, and all of them',
    recording: PROXY,
    ask: async ({ eventOf }) => {
      const query = 'category=electronics&category=books&price=10&price=20&price=30';
      const event = await eventOf(`/users/a?${query}`);
      return [event?.queryStringParameters, event?.multiValueQueryStringParameters];
    },
    expected: [
      { category: 'books', price: '30' },
      { category: ['electronics', 'books'], price: ['10', '20', '30'] },
    ],
  },
  {
    fact: 'keeps the case of a header that it does not know',
    recording: PROXY,
    ask: async ({ eventOf }) => {
      const event = await eventOf('/users/a', { headers: { 'tEsT-HEADeR': 'aValUE' } });
      return [event?.headers['tEsT-HEADeR'], event?.multiValueHeaders['tEsT-HEADeR']];
    },
    expected: ['aValUE', ['aValUE']],
  },
  ...(
    [
      ['authorization', 'Authorization', PROXY],
      ['aUThorization', 'Authorization', PROXY],
      ['user-Agent', 'User-Agent', `${PROXY}_request_data_mapping`],
    ] as const
  ).map(
    ([sent, got, recording]): Fact<Connection> => ({
      fact: `writes the header ${sent} as ${got}`,
      recording,
      ask: async ({ eventOf }) =>
        (await eventOf('/users/a', { headers: { [sent]: 'x' } }))?.headers[got],
      expected: 'x',
    }),
  ),
  {
    fact: 'adds where a request came from, and keeps the connection and the length to itself',
    recording: PROXY,
    ask: async ({ eventOf }) => {
      const headers = { 'Content-Type': 'application/json;charset=utf-8' };
      const event = await eventOf('/users/a', { method: 'POST', headers, body: '{"a":"ü"}' });
      const sent = names(event?.headers).filter((name) => !/^(accept|host|user)/i.test(name));
      return [sent, event?.headers['Content-Type'], event?.body];
    },
    expected: [
      ['Content-Type', 'X-Forwarded-For', 'X-Forwarded-Port', 'X-Forwarded-Proto'],
      ...['application/json;charset=utf-8', '{"a":"ü"}'],
    ],
  },
  ...results.map(
    ([what, result, status, header]): Fact<Connection> => ({
      fact: `answers ${status} without a body where the function answers ${what}`,
      recording: `${PROXY.replace('_integration', '_response_format')}`,
      ask: ({ call }) => call('/users/a', { result }),
      expected: { status, text: '', header },
    }),
  ),
  {
    fact: 'answers 502 where the function answers anything more',
    recording: `${PROXY.replace('_integration', '_response_format')}`,
    ask: async ({ call }) =>
      (await call('/users/a', { result: { statusCode: 200, wrongValue: 'value' } })).status,
    expected: 502,
  },
  {
    fact: 'refuses a request without a parameter that it needs, by name, before the function',
    recording: VALIDATOR,
    ask: async ({ call }) => {
      const { status, text } = await call('/needs');
      return [status, text.includes('Missing required request parameters: [issuer]'), calls.event];
    },
    expected: [400, true, undefined],
  },
  ...(
    [
      ['{"test":"test"}', 400],
      ['', 400],
      ['{"a":1,"b":2}', 200],
    ] as const
  ).map(
    ([body, status]): Fact<Connection> => ({
      fact: `answers ${status} to ${body || 'no body'} by the model`,
      recording: VALIDATOR,
      ask: async ({ call }) => {
        const headers = { 'content-type': 'application/json' };
        return (await call('/checked', { method: 'POST', headers, body })).status;
      },
      expected: status,
    }),
  ),
];

describeFacts('API Gateway', [localAdapter('our own', gateway)], connect, facts);
