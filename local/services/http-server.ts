import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
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
  if (!LOOPBACK.test(headers.host ?? '')) return 'Host: only loopback names are served';
  const origin = headers.origin?.replace(/^https?:\/\//, '');
  if (origin !== undefined && !LOOPBACK.test(origin))
    return 'Origin: only loopback pages are served';
  return origin === undefined && headers['sec-fetch-site'] === 'cross-site'
    ? 'Sec-Fetch-Site: only loopback pages are served'
    : undefined;
}

/** Reads a whole request body, in bytes; over the limit it throws and reads no further. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limitBytes) throw new BodyTooLargeError(limitBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}

/** An HTTP server whose close waits for requests in hand but not for idle keep-alive connections. */
export function createClosableServer(listener: RequestListener) {
  const server = createServer(listener);
  const close = () =>
    new Promise<void>((resolve) => {
      const sweep = setInterval(() => server.closeIdleConnections(), 20);
      const deadline = setTimeout(() => server.closeAllConnections(), 5_000);
      server.close(() => {
        clearInterval(sweep);
        clearTimeout(deadline);
        resolve();
      });
      server.closeIdleConnections();
    });
  return { server, close };
}
