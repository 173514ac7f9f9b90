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
  headers: Record<string, string>;
  body: Buffer | string;
}

/** How calls are read and answered; inside, times are epoch seconds and blobs base64, as in JSON. */
export interface AwsProtocol {
  /** Whether a request speaks it. */
  speaks(request: IncomingMessage): boolean;
  /** @throws {Error} where the body is not what the protocol asks for */
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
    answer(service, request, response).catch(() => response.destroy());
  };
}

async function answer(service: AwsService, request: IncomingMessage, response: ServerResponse) {
  const { protocols, bodyLimitBytes, inflatedLimitBytes = bodyLimitBytes } = service;
  const last = protocols[protocols.length - 1] as AwsProtocol;
  const protocol = protocols.find((one) => one.speaks(request)) ?? last;
  try {
    const foreign = foreignCaller(request);
    if (foreign) throw new ServiceError('AccessDeniedException', foreign, { statusCode: 403 });
    const sent = await readBody(request, bodyLimitBytes);
    const call = readCall(protocol, request, await inflate(request, sent, inflatedLimitBytes));
    send(response, 200, protocol.write((await service.handle(call)) ?? {}, request, call));
  } catch (thrown) {
    const error = inNamespace(service.errorNamespace, asServiceError(thrown));
    const { headers, body } = protocol.writeError(error, request);
    const ends = thrown instanceof BodyTooLargeError && { connection: 'close' };
    send(response, error.statusCode, { headers: { ...headers, ...ends }, body });
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

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  // The stack is used up by input alone: nothing here calls itself without end.
  if (error instanceof RangeError) {
    return new ServiceError('SerializationException', 'the input is nested too deeply');
  }
  return new ServiceError('InternalFailure', messageOf(error), { statusCode: 500 });
}

function inNamespace(namespace: string, error: ServiceError): ServiceError {
  if (error.type.includes('#')) return error;
  return new ServiceError(`${namespace}${error.type}`, error.message, error);
}

function send(response: ServerResponse, statusCode: number, { headers, body }: AwsAnswer) {
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

/**
 * AWS JSON 1.0 and 1.1: `POST /`, `x-amz-target`, a JSON body.
 *
 * @param queryCompatible whether errors also carry the code that the query protocol has for them
 */
export function awsJson(queryCompatible = false): AwsProtocol {
  const contentType = ({ headers }: IncomingMessage) => {
    const version = /^application\/x-amz-json-1\.1\b/.test(headers['content-type'] ?? '') ? 1 : 0;
    return { 'content-type': `application/x-amz-json-1.${version}` };
  };
  return {
    speaks: (request) => request.headers['x-amz-target'] !== undefined,
    read: (request, body) => {
      const target = String(request.headers['x-amz-target'] ?? '');
      const [service = '', operation = ''] = target.split('.');
      return { service, operation, input: body.length === 0 ? {} : JSON.parse(String(body)) };
    },
    write: (output, request) => ({
      headers: contentType(request),
      body: JSON.stringify(output),
    }),
    writeError: (error, request) => ({
      headers: { ...contentType(request), ...(queryCompatible && queryError(error)) },
      body: JSON.stringify({ ...errorBody(error), Message: error.message }),
    }),
  };
}

/**
 * Smithy's RPC v2 in CBOR: `POST /service/<service>/operation/<operation>`.
 *
 * @param times names of the members that are times, which CBOR has a form of its own for
 */
export function rpcV2Cbor({ times }: { times: ReadonlySet<string> }): AwsProtocol {
  const headers = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
  return {
    speaks: (request) => request.headers['smithy-protocol'] === 'rpc-v2-cbor',
    read: (request, body) => {
      const path = /\/service\/(\w+)\/operation\/(\w+)$/.exec(request.url ?? '');
      const input = body.length === 0 ? {} : plain(cbor.deserialize(body));
      return { service: path?.[1] ?? '', operation: path?.[2] ?? '', input };
    },
    write: (output) => ({ headers, body: toCbor(output, times) }),
    writeError: (error) => ({
      headers: { ...headers, ...queryError(error) },
      body: toCbor(errorBody(error), times),
    }),
  };
}

/** What CBOR brought as JSON would have brought it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  // A tag is told from a structure with a member `tag` by its symbol.
  if ('tag' in value && 'value' in value && Object.getOwnPropertySymbols(value).length > 0) {
    return plain(value.value);
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

/** By way of JSON, which leaves out what is undefined. */
function toCbor(output: unknown, times: ReadonlySet<string>): Buffer {
  const time = (value: unknown) => (typeof value === 'number' ? tag({ tag: 1, value }) : value);
  const typed = JSON.parse(JSON.stringify(output), (name, value) => {
    if (!times.has(name)) return value;
    return Array.isArray(value) ? value.map(time) : time(value);
  });
  return Buffer.from(cbor.serialize(typed));
}
