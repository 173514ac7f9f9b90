import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { ServiceError } from './operations.ts';

const HOST = '127.0.0.1';
/** `localhost` and all names under it never leave the machine. */
const LOOPBACK = /^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9_.-]+\.)?localhost)(?::\d{1,5})?$/i;
/** How much of a body that is too large is read on, so that its sender gets to see the answer rather than a reset. */
const DRAINED_BYTES = 32 * 1024 * 1024;
/** How long a close waits for the requests in hand. */
const PATIENCE_MS = 5_000;

/** A request body over the limit that the service sets. */
export class BodyTooLargeError extends ServiceError {
  constructor(limit: number) {
    super('RequestEntityTooLarge', `request body is over ${limit} bytes`, { statusCode: 413 });
  }
}

/** An HTTP answer: 200 without a body unless it says otherwise; its length is added. */
export interface HttpAnswer {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer | string;
}

/** A service as HTTP meets it: callers of elsewhere and bodies over the limit are kept from it. */
export interface HttpService {
  readonly bodyLimitBytes: number;
  answer(request: IncomingMessage, body: Buffer): Promise<HttpAnswer>;
  /** The answer in place of what was thrown; what was no {@link ServiceError} is an `InternalFailure` with status 500. */
  refuse(error: ServiceError, request: IncomingMessage): HttpAnswer;
}

/**
 * Serves on 127.0.0.1 alone. Its close waits for requests in hand but not for idle keep-alive connections. A connection may
 * speak HTTP/2 from its first byte, as the Kinesis client of the SDK for JavaScript does unless told otherwise.
 *
 * @throws {ConfigurationError} where the port cannot be had
 */
export async function listen(service: HttpService, port = 0) {
  const inHand = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const take = (request: IncomingMessage, response: ServerResponse) => {
    inHand.add(response);
    response.once('close', () => inHand.delete(response));
    respond(service, request, response).catch(() => response.destroy());
  };
  const http1 = createHttp1Server(take);
  // The requests and answers of HTTP/2 are near enough to those of HTTP/1.1 for all that is done with them here.
  const http2 = createHttp2Server(take as unknown as Parameters<typeof createHttp2Server>[1]);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const first: Buffer | null = socket.read();
      if (first === null) {
        socket.destroy();
        return;
      }
      socket.unshift(first);
      const spoken = first.toString('latin1', 0, 3) === 'PRI' ? http2 : http1;
      spoken.emit('connection', socket);
    });
  });
  try {
    await once(server.listen(port, HOST), 'listening');
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ConfigurationError(`cannot listen on ${HOST}:${port}: ${reason}`, { cause });
  }
  return {
    endpoint: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server.close(), 'close');
      const answered = Array.from(
        inHand,
        (response) => new Promise((resolve) => response.once('close', resolve)),
      );
      await Promise.race([Promise.all(answered), delay(PATIENCE_MS, undefined, { ref: false })]);
      for (const socket of sockets) socket.destroySoon();
      await closed;
    },
  };
}

async function respond(service: HttpService, request: IncomingMessage, response: ServerResponse) {
  let ends = false;
  const {
    statusCode = 200,
    headers,
    body = '',
  } = await readBody(request, service.bodyLimitBytes)
    .then((bytes) => service.answer(request, bytes))
    .catch((error: unknown) => {
      // What is left of the body is not read.
      ends = error instanceof BodyTooLargeError;
      return service.refuse(asServiceError(error), request);
    });
  const bytes = Buffer.from(body);
  const id = randomUUID();
  response.writeHead(statusCode, {
    // S3 has a name of its own for it.
    'x-amzn-requestid': id,
    'x-amz-request-id': id,
    ...(statusCode === 204 ? {} : { 'content-length': bytes.length }),
    ...headers,
    ...(ends ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  // The stack is used up by input alone: nothing here calls itself without end.
  if (error instanceof RangeError) {
    return new ServiceError('SerializationException', 'the input is nested too deeply');
  }
  return new ServiceError('InternalFailure', messageOf(error), { statusCode: 500 });
}

/** A whole request body; of a caller of elsewhere nothing is read. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const header = foreignHeader(request);
  if (header !== undefined) {
    const message = `${header}: only loopback names and pages are served`;
    throw new ServiceError('AccessDeniedException', message, { statusCode: 403 });
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size <= limitBytes) chunks.push(bytes);
    else chunks.length = 0;
    if (size > limitBytes + DRAINED_BYTES) break;
  }
  if (size > limitBytes) throw new BodyTooLargeError(limitBytes);
  return Buffer.concat(chunks, size);
}

/** The header by which a request is of elsewhere: a name that is not this machine's, or a page that is not from here. */
function foreignHeader({ headers }: IncomingMessage): string | undefined {
  if (!LOOPBACK.test(headers.host ?? String(headers[':authority']))) return 'Host';
  const origin = headers.origin?.replace(/^https?:\/\//, '');
  if (origin !== undefined) return LOOPBACK.test(origin) ? undefined : 'Origin';
  return headers['sec-fetch-site'] === 'cross-site' ? 'Sec-Fetch-Site' : undefined;
}
