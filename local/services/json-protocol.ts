import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf } from '#shared/errors.ts';
import { BodyTooLargeError, readBody } from './http-server.ts';
import { ServiceError } from './service-error.ts';

const unzip = promisify(gunzip);

/** One call of an operation as the AWS JSON protocol brings it. */
interface JsonCall {
  /** Before the dot in `x-amz-target`, such as `DynamoDB_20120810`. */
  service: string;
  /** After the dot, such as `PutItem`. */
  operation: string;
  input: unknown;
}

/** How a service differs in its use of the protocol. */
export interface JsonProtocol {
  /** Prefix of an error's name in `__type`, with its `#`. */
  errorPrefix: (service: string) => string;
  bodyLimitBytes: number;
  handle: (call: JsonCall) => Promise<unknown>;
}

/** A request listener for AWS JSON 1.0: `POST /`, `x-amz-target`, a JSON body that may be gzipped. */
export function jsonProtocol(protocol: JsonProtocol): RequestListener {
  return (request, response) => {
    answer(protocol, request, response).catch(() => response.destroy());
  };
}

async function answer(protocol: JsonProtocol, request: IncomingMessage, response: ServerResponse) {
  const [service = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
  try {
    const input = await readInput(request, protocol.bodyLimitBytes);
    if (request.method !== 'POST' || service === '' || operation === '') {
      throw new ServiceError('UnknownOperationException', 'POST with x-amz-target expected');
    }
    send(response, 200, await protocol.handle({ service, operation, input }));
  } catch (error) {
    const { statusCode, body } = errorBody(error, protocol.errorPrefix(service));
    if (error instanceof BodyTooLargeError) response.setHeader('connection', 'close');
    send(response, statusCode, body);
  }
}

async function readInput(request: IncomingMessage, limit: number): Promise<unknown> {
  const raw = await readBody(request, limit);
  try {
    const bytes = request.headers['content-encoding'] === 'gzip' ? await unzip(raw) : raw;
    return bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ServiceError('SerializationException', `body is not JSON: ${messageOf(error)}`);
  }
}

function errorBody(error: unknown, prefix: string) {
  if (error instanceof ServiceError) {
    const type = error.type.includes('#') ? error.type : `${prefix}${error.type}`;
    return {
      statusCode: error.statusCode,
      body: { __type: type, message: error.message, Message: error.message, ...error.members },
    };
  }
  if (error instanceof BodyTooLargeError) {
    return {
      statusCode: 413,
      body: { __type: `${prefix}RequestEntityTooLarge`, message: error.message },
    };
  }
  return {
    statusCode: 500,
    body: { __type: `${prefix}InternalServerError`, message: messageOf(error) },
  };
}

function send(response: ServerResponse, statusCode: number, body: unknown) {
  const bytes = Buffer.from(JSON.stringify(body ?? {}));
  response.writeHead(statusCode, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': bytes.length,
    'x-amzn-requestid': randomUUID(),
  });
  response.end(bytes);
}
