import { isUtf8 } from 'node:buffer';
import { httpRoutes, MAXIMUM_BODY_BYTES, type OperationName } from '#shared/contracts/http-api.ts';
import { type HttpRoute, matchPath } from '#shared/contracts/http-route.ts';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { ValidationError } from '#shared/errors.ts';
import { HttpError } from './problems.ts';

/** What any front in the place of API Gateway hands over of an HTTP request; whatever it is in the event, it is read as this. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Paths that the call may be known by, as fronts differ in whether stage and base path are in it; percent-encoded or not. */
  readonly paths: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: unknown;
  readonly isBase64Encoded: boolean;
  /** A load balancer takes back less than the others. */
  readonly isLoadBalancer: boolean;
  /** One that sends all values of a header wants the answer's so too. */
  readonly multiValue: boolean;
}

/** A call after routing, before validation: what came in path, query and body. */
export interface Call {
  readonly route: HttpRoute<OperationName>;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Members = Readonly<Record<string, unknown>>;
const membersOf = (value: unknown): Members =>
  value !== null && typeof value === 'object' ? (value as Members) : {};

/** The strings of a map; of a list of strings the last, as API Gateway itself does where it gives one value only. */
function stringsOf(map: unknown): [string, string][] {
  return Object.entries(membersOf(map)).flatMap(([name, value]): [string, string][] => {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return typeof last === 'string' ? [[name, last]] : [];
  });
}

const isString = (value: unknown): value is string => typeof value === 'string';

/** The request in an event of API Gateway (REST and HTTP APIs, payloads 1.0 and 2.0), a function URL or a load balancer; else undefined. */
export function readRequest(event: unknown): HttpRequest | undefined {
  const given = membersOf(event);
  const context = membersOf(given.requestContext);
  const http = membersOf(context.http);
  if (!Object.hasOwn(given, 'httpMethod') && !Object.hasOwn(given, 'requestContext')) {
    return undefined;
  }
  const method = [given.httpMethod, http.method].find(isString) ?? '';
  const path = [given.path, given.rawPath, http.path].find(isString) ?? '';
  const isLoadBalancer = Object.hasOwn(context, 'elb');
  const query = isString(given.rawQueryString)
    ? new URLSearchParams(given.rawQueryString)
    : [
        ...stringsOf(given.multiValueQueryStringParameters),
        ...stringsOf(given.queryStringParameters),
      ];
  const headers = [...stringsOf(given.multiValueHeaders), ...stringsOf(given.headers)];
  return {
    method,
    path,
    paths: pathsOf(given, path, context.stage),
    // A load balancer hands over names and values as they stood in the URL.
    query: Object.fromEntries(
      isLoadBalancer
        ? new URLSearchParams([...query].map((pair) => pair.join('=')).join('&'))
        : query,
    ),
    headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])),
    body: given.body,
    isBase64Encoded: given.isBase64Encoded === true,
    isLoadBalancer,
    multiValue: !given.headers && given.multiValueHeaders !== undefined,
  };
}

function pathsOf({ resource, pathParameters }: Members, path: string, stage: unknown): string[] {
  const parameters = Object.fromEntries(stringsOf(pathParameters));
  const filled = isString(resource)
    ? resource.replace(/\{(\w+)\}/g, (whole, name) =>
        Object.hasOwn(parameters, name) ? (parameters[name] ?? '').replaceAll('/', '%2F') : whole,
      )
    : path;
  const stripped =
    isString(stage) && path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path;
  return [filled, `/${parameters.proxy ?? ''}`, path, stripped];
}

/**
 * Finds the call that a request makes. A trailing slash is the same path.
 *
 * @throws {HttpError} 404, 405, 413 or 415; {ValidationError} for a path or body that cannot be read
 */
export function routeRequest(request: HttpRequest): Call {
  const { method, query } = request;
  const matches = request.paths
    .map((path) =>
      httpRoutes.flatMap((route) => {
        const pathParameters = matchPath(route.path, path);
        return pathParameters ? [{ route, pathParameters }] : [];
      }),
    )
    .find(({ length }) => length > 0);
  if (!matches) throw new HttpError(404, `There is nothing at ${request.path}.`);
  // An answer to HEAD is that to GET, without its body.
  const wanted = method === 'HEAD' ? 'GET' : method;
  const match = matches.find(({ route }) => route.method === wanted);
  if (!match) {
    const allowed = matches.flatMap(({ route }) =>
      route.method === 'GET' ? ['GET', 'HEAD'] : route.method,
    );
    const allow = [...allowed, 'OPTIONS'].join(', ');
    throw new HttpError(405, `${method} is not one of: ${allow}.`, { headers: { allow } });
  }
  const pathParameters = Object.fromEntries(
    Object.entries(match.pathParameters).map(([name, value]) => [name, decoded(name, value)]),
  );
  return { ...match, pathParameters, query, body: match.route.body && readBody(request) };
}

/** Path parameters of a REST API come percent-encoded, as they stood in the URL; what is not encoded stays as it is. */
function decoded(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new ValidationError(name, `${name} is not well percent-encoded`, { cause });
  }
}

function readBody({ headers, body, isBase64Encoded }: HttpRequest): unknown {
  const type = headers.get('content-type')?.trim();
  if (type !== undefined && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new HttpError(415, 'The body must be application/json.');
  }
  const encoding = headers.get('content-encoding')?.trim().toLowerCase();
  if (encoding && encoding !== 'identity') {
    throw new HttpError(415, 'The body must be sent without a content encoding.');
  }
  if (body === null || body === undefined || body === '') {
    throw new ValidationError('(body)', 'a JSON body is required');
  }
  if (!isString(body)) {
    throw new ValidationError(
      '(body)',
      'the body of an event must be text, as a gateway hands it over',
    );
  }
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > MAXIMUM_BODY_BYTES) {
    throw new HttpError(413, `The body must be at most ${MAXIMUM_BODY_BYTES} bytes.`);
  }
  if (!isUtf8(bytes)) throw new ValidationError('(body)', 'the body is not valid UTF-8');
  return parseBody(isBase64Encoded ? bytes.toString('utf8') : body);
}

function parseBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof ValidationError) || error.code !== 'invalid-json') throw error;
    throw new ValidationError('(body)', 'the body is not valid JSON', { cause: error });
  }
}

/**
 * Tells what a body that came without an HTTP request, in a direct invocation, asks for, by its fields. It was parsed by the
 * runtime, and passes the same checks as a body of HTTP.
 *
 * @throws {ValidationError} where it is none of the known shapes
 */
export function routeBareBody(body: unknown): Call {
  const fields = membersOf(body);
  const route = httpRoutes.find(({ knownBy }) =>
    knownBy?.some((name) => Object.hasOwn(fields, name)),
  );
  if (!route || Array.isArray(body)) {
    const calls = httpRoutes.flatMap(({ path, knownBy }) =>
      knownBy ? [`${knownBy.join(', ')} (${path})`] : [],
    );
    throw new ValidationError(
      '(body)',
      `the body must hold fields of one call: ${calls.join('; ')}`,
    );
  }
  return { route, pathParameters: {}, query: {}, body: parseBody(toJson(body)) };
}

function toJson(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    throw new ValidationError('(body)', 'the body is nested too deeply', { cause });
  }
}
