import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { ConfigurationError, messageOf, SpanstreamError } from '#shared/errors.ts';

const HOST = '127.0.0.1';
/** `localhost` and all names under it never leave the machine. */
const LOOPBACK = /^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9_.-]+\.)?localhost)(?::\d{1,5})?$/i;

/** A request body over the limit that the service sets. */
export class BodyTooLargeError extends SpanstreamError {
  constructor(limit: number) {
    super('body-too-large', `request body is over ${limit} bytes`);
  }
}

/** Listens on 127.0.0.1 alone and answers the base address. */
export function listenLocally(server: Server, port = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(
        new ConfigurationError(`cannot listen on ${HOST}:${port}: ${messageOf(error)}`, {
          cause: error,
        }),
      );
    server.once('error', failed);
    server.listen(port, HOST, () => {
      server.removeListener('error', failed);
      resolve(`http://${HOST}:${(server.address() as AddressInfo).port}`);
    });
  });
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

/** How much of a body that is too large is read on, so that its sender gets to see the answer rather than a reset. */
const DRAINED_BYTES = 32 * 1024 * 1024;

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
  const server = createServer(listener);
  const http2 = createHttp2Server((request, response) =>
    listener(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  );
  const sessions = new Set<ServerHttp2Session>();
  http2.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => session.destroy());
    session.once('close', () => sessions.delete(session));
  });
  const speakHttp1 = server.listeners('connection');
  server.removeAllListeners('connection');
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
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
      if (first.toString('latin1', 0, 3) === 'PRI') http2.emit('connection', socket);
      else for (const speak of speakHttp1) Reflect.apply(speak, server, [socket]);
    });
  });
  const close = () =>
    new Promise<void>((resolve) => {
      const sweep = () => {
        server.closeIdleConnections();
        for (const session of sessions) session.close();
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      };
      const sweeping = setInterval(sweep, 20);
      const deadline = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, 5_000);
      server.close(() => {
        clearInterval(sweeping);
        clearTimeout(deadline);
        resolve();
      });
      sweep();
    });
  return { server, close };
}
