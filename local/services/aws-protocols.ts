import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { cbor, tag } from '@smithy/core/cbor';
import { messageOf } from '#shared/errors.ts';
import { BodyTooLargeError, foreignCaller, readBody } from './http-server.ts';
import { ServiceError } from './operations.ts';

const unzip = promisify(gunzip);

/** One call: which operation of which service (`DynamoDB_20120810`, `PutItem`), and its input. */
export interface AwsCall {
  service: string;
  operation: string;
  input: unknown;
}

/** An answer as bytes. */
export interface AwsAnswer {
  statusCode?: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

/** How calls are read and answered; inside, times are epoch seconds and blobs base64, as in JSON. */
export interface AwsProtocol {
  /** Whether a request speaks it. */
  speaks(request: IncomingMessage): boolean;
  /** @throws {ServiceError} or any error where the body is not what the protocol asks for */
  read(request: IncomingMessage, body: Buffer): AwsCall;
  write(output: unknown, request: IncomingMessage, call: AwsCall): AwsAnswer;
  /** The error's type carries its namespace already. */
  writeError(error: ServiceError, request: IncomingMessage): AwsAnswer;
}

/** A service that is called by operation. */
export interface AwsService {
  /** Tried in order; the last one answers what none speaks. */
  protocols: readonly [...AwsProtocol[], AwsProtocol];
  /** Before an error's name, such as `com.amazonaws.cloudwatch#`. */
  errorNamespace: string;
  bodyLimitBytes: number;
  /** Limit of a body that came compressed; as `bodyLimitBytes` when left out. */
  inflatedLimitBytes?: number;
  handle(call: AwsCall): Promise<unknown>;
}

/** A request listener of a service: whatever comes in gets an answer in the caller's protocol. */
export function awsListener(service: AwsService): RequestListener {
  return (request, response) => {
    answer(service, request)
      .then((result) => send(response, result))
      .catch(() => response.destroy());
  };
}

async function answer(service: AwsService, request: IncomingMessage): Promise<AwsAnswer> {
  const { protocols, bodyLimitBytes, errorNamespace } = service;
  const last = protocols[protocols.length - 1] as AwsProtocol;
  const protocol = protocols.find((one) => one.speaks(request)) ?? last;
  try {
    const foreign = foreignCaller(request);
    if (foreign) throw new ServiceError('AccessDeniedException', foreign, { statusCode: 403 });
    const raw = await readBody(request, bodyLimitBytes);
    const body = await inflate(request, raw, service.inflatedLimitBytes ?? bodyLimitBytes);
    const call = readCall(protocol, request, body);
    return protocol.write((await service.handle(call)) ?? {}, request, call);
  } catch (error) {
    const known = asServiceError(error, errorNamespace);
    const result = protocol.writeError(known, request);
    if (error instanceof BodyTooLargeError) result.headers.connection = 'close';
    return { ...result, statusCode: known.statusCode };
  }
}

async function inflate(request: IncomingMessage, body: Buffer, limit: number): Promise<Buffer> {
  if (request.headers['content-encoding'] !== 'gzip') return body;
  try {
    return await unzip(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new BodyTooLargeError(limit);
    }
    throw new ServiceError('SerializationException', `body is not gzip: ${messageOf(error)}`);
  }
}

function readCall(protocol: AwsProtocol, request: IncomingMessage, body: Buffer): AwsCall {
  let call: AwsCall;
  try {
    call = protocol.read(request, body);
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError('SerializationException', `body cannot be read: ${messageOf(error)}`);
  }
  if (request.method !== 'POST' || call.service === '' || call.operation === '') {
    throw new ServiceError('UnknownOperationException', 'a POST that names an operation expected');
  }
  if (call.input === null || typeof call.input !== 'object' || Array.isArray(call.input)) {
    throw new ServiceError('SerializationException', 'the input must be a structure');
  }
  return call;
}

function asServiceError(error: unknown, namespace: string): ServiceError {
  const known =
    error instanceof ServiceError
      ? error
      : error instanceof BodyTooLargeError
        ? new ServiceError('RequestEntityTooLarge', error.message, { statusCode: 413 })
        : // The stack is used up by input alone: nothing here calls itself without end.
          error instanceof RangeError
          ? new ServiceError('SerializationException', 'the input is nested too deeply')
          : new ServiceError('InternalFailure', messageOf(error), { statusCode: 500 });
  if (known.type.includes('#')) return known;
  return new ServiceError(`${namespace}${known.type}`, known.message, known);
}

function send(response: ServerResponse, { statusCode = 200, headers, body }: AwsAnswer) {
  const bytes = Buffer.from(body);
  response.writeHead(statusCode, {
    'content-length': bytes.length,
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  response.end(bytes);
}

function errorBody(error: ServiceError) {
  return { __type: error.type, message: error.message, ...error.members };
}

/** The header by which clients of an older protocol know an error's code, such as `InvalidParameterValue`. */
function queryError(error: ServiceError) {
  const fault = error.statusCode < 500 ? 'Sender' : 'Receiver';
  return { 'x-amzn-query-error': `${queryCode(error)};${fault}` };
}

/** An error's code in the query protocol. */
export function queryCode(error: ServiceError): string {
  return error.type.replace(/^.*#/, '').replace(/(Exception|Fault)$/, '');
}

function targetOf(request: IncomingMessage) {
  const [service = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
  return { service, operation };
}

const contentType = (request: IncomingMessage) =>
  String(request.headers['content-type'] ?? '')
    .split(';', 1)[0]
    ?.trim() ?? '';

/**
 * AWS JSON 1.0 and 1.1: `POST /`, `x-amz-target`, a JSON body.
 *
 * @param queryCompatible whether errors also carry the code that the query protocol has for them
 */
export function awsJson(queryCompatible = false): AwsProtocol {
  return {
    speaks: (request) => request.headers['x-amz-target'] !== undefined,
    read: (request, body) => ({
      ...targetOf(request),
      input: body.length === 0 ? {} : JSON.parse(body.toString('utf8')),
    }),
    write: (output, request) => ({
      headers: { 'content-type': jsonType(request) },
      body: JSON.stringify(output),
    }),
    writeError: (error, request) => ({
      headers: { 'content-type': jsonType(request), ...(queryCompatible && queryError(error)) },
      body: JSON.stringify({ ...errorBody(error), Message: error.message }),
    }),
  };
}

const jsonType = (request: IncomingMessage) =>
  contentType(request) === 'application/x-amz-json-1.1'
    ? 'application/x-amz-json-1.1'
    : 'application/x-amz-json-1.0';

/** Names of the members that CBOR has a form of its own for. */
export interface TypedMembers {
  times: ReadonlySet<string>;
  blobs?: ReadonlySet<string>;
}

/** CBOR with `x-amz-target`, as the SDKs for Java speak it; its times are milliseconds. */
export function awsCbor(members: TypedMembers): AwsProtocol {
  const type = 'application/x-amz-cbor-1.1';
  const headers = { 'content-type': type };
  return {
    speaks: (request) => contentType(request) === type,
    read: (request, body) => ({ ...targetOf(request), input: fromCbor(body, 1_000) }),
    write: (output) => ({ headers, body: toCbor(output, members, 1_000) }),
    writeError: (error) => ({
      headers: { ...headers },
      body: toCbor(errorBody(error), members, 1),
    }),
  };
}

/** Smithy's RPC v2 in CBOR: `POST /service/<service>/operation/<operation>`. */
export function rpcV2Cbor(members: TypedMembers): AwsProtocol {
  const headers = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
  return {
    speaks: (request) => request.headers['smithy-protocol'] === 'rpc-v2-cbor',
    read: (request, body) => {
      const path = /\/service\/(\w+)\/operation\/(\w+)$/.exec(request.url ?? '');
      return { service: path?.[1] ?? '', operation: path?.[2] ?? '', input: fromCbor(body, 1) };
    },
    write: (output) => ({ headers, body: toCbor(output, members, 1) }),
    writeError: (error) => ({
      headers: { ...headers, ...queryError(error) },
      body: toCbor(errorBody(error), members, 1),
    }),
  };
}

function fromCbor(body: Buffer, unitsPerSecond: number): unknown {
  const plain = (value: unknown): unknown => {
    if (typeof value === 'bigint') return Number(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== 'object') return value;
    if ('tag' in value && 'value' in value && Object.getOwnPropertySymbols(value).length > 0) {
      return value.tag === 1 ? Number(value.value) / unitsPerSecond : plain(value.value);
    }
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  };
  return body.length === 0 ? {} : plain(cbor.deserialize(body));
}

function toCbor(output: unknown, members: TypedMembers, unitsPerSecond: number): Buffer {
  const typed = (value: unknown, name = ''): unknown => {
    if (Array.isArray(value)) return value.map((inner) => typed(inner, name));
    if (typeof value === 'number' && members.times.has(name)) {
      return tag({
        tag: 1,
        value: unitsPerSecond === 1 ? value : Math.round(value * unitsPerSecond),
      });
    }
    if (typeof value === 'string' && members.blobs?.has(name)) return Buffer.from(value, 'base64');
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== undefined)
        .map(([key, inner]) => [key, typed(inner, key)]),
    );
  };
  return Buffer.from(cbor.serialize(typed(output)));
}
