import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
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

/**
 * Listens on 127.0.0.1 alone and answers the base address.
 *
 * @throws {ConfigurationError} where the port cannot be had
 */
export async function listenLocally(server: Server, port = 0): Promise<string> {
  try {
    await once(server.listen(port, HOST), 'listening');
  } catch (error) {
    throw new ConfigurationError(`cannot listen on ${HOST}:${port}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return `http://${HOST}:${(server.address() as AddressInfo).port}`;
}

/**
 * Why a request is not to be served: it came by a name that is not this machine's (a page whose name was pointed here),
 * or a page of elsewhere sent it. Undefined for a caller on this machine.
 */
export function foreignCaller({ headers }: IncomingMessage): string | undefined {
  if (!LOOPBACK.test(headers.host ?? String(headers[':authority'])))
    return 'Host: only loopback names are served';
  const origin = headers.origin?.replace(/^https?:\/\//, '');
  if (origin !== undefined && !LOOPBACK.test(origin))
    return 'Origin: only loopback pages are served';
  return origin === undefined && headers['sec-fetch-site'] === 'cross-site'
    ? 'Sec-Fetch-Site: only loopback pages are served'
    : undefined;
}

/**
 * Reads a whole request body, in bytes.
 *
 * @throws {BodyTooLargeError} over the limit
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
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

/**
 * An HTTP server whose close waits for requests in hand but not for idle keep-alive connections. A connection may speak
 * HTTP/2 from its first byte, as the Kinesis client of the SDK for JavaScript does unless told otherwise.
 */
export function createClosableServer(listener: RequestListener) {
  const inHand = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const answer: RequestListener = (request, response) => {
    inHand.add(response);
    response.once('close', () => inHand.delete(response));
    listener(request, response);
  };
  const http1 = createHttp1Server(answer);
  // The requests and answers of HTTP/2 are near enough to those of HTTP/1.1 for all that is done with them here.
  const http2 = createHttp2Server(answer as unknown as Parameters<typeof createHttp2Server>[1]);
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
  const close = async () => {
    const closed = once(server.close(), 'close');
    const answered = Array.from(
      inHand,
      (response) => new Promise((resolve) => response.once('close', resolve)),
    );
    await Promise.race([Promise.all(answered), delay(PATIENCE_MS, undefined, { ref: false })]);
    for (const socket of sockets) socket.destroySoon();
    await closed;
  };
  return { server, close };
}
