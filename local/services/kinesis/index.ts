import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Server } from 'node:http';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { listenLocally, readBody } from '../http-server.ts';
import type { LocalService, LocalServiceOptions } from '../local-service.ts';
import { recoverStreams } from './recover.ts';

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Options of the Kinesis stand-in; the delays are how long a stream stays in each passing state. */
export interface KinesisOptions extends LocalServiceOptions {
  createStreamMs?: number;
  deleteStreamMs?: number;
  updateStreamMs?: number;
  /** Most open shards of all streams together. Default 100. */
  shardLimit?: number;
}

interface KinesaliteOptions extends Omit<KinesisOptions, 'directory' | 'port'> {
  path?: string;
}

const kinesalite = createRequire(import.meta.url)('kinesalite') as (
  options: KinesaliteOptions,
) => Server;

/** Starts the Kinesis stand-in: kinesalite on 127.0.0.1 alone. */
export async function startKinesis(options: KinesisOptions = {}): Promise<LocalService> {
  const { directory, port, ...settings } = options;
  if (directory !== undefined) {
    await mkdir(directory, { recursive: true });
    await recoverStreams(directory);
  }
  const server = kinesalite({
    shardLimit: 100,
    ...settings,
    ...(directory && { path: directory }),
  });
  takeWholeRequests(server);
  const endpoint = await listenLocally(server, port);
  return { endpoint, close: () => closeKinesalite(server) };
}

/** Hands kinesalite whole requests only: it throws, and so ends the process, when a caller goes away half-way. */
function takeWholeRequests(server: Server): void {
  const [listener] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, headers } = request;
    readBody(request, BODY_LIMIT_BYTES).then(
      (body) => {
        const whole = Object.assign(Readable.from([body], { objectMode: false }), {
          method,
          url,
          headers,
        });
        listener?.(whole as unknown as IncomingMessage, response);
      },
      () => response.destroy(),
    );
  });
}

/** Lets requests in hand finish before kinesalite closes its store, as it throws on one that finds it closed. */
async function closeKinesalite(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    const deadline = setTimeout(() => server.closeAllConnections(), 5_000);
    Server.prototype.close.call(server, () => {
      clearInterval(sweep);
      clearTimeout(deadline);
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.close((error?: NodeJS.ErrnoException) =>
      error === undefined || error.code === 'ERR_SERVER_NOT_RUNNING' ? resolve() : reject(error),
    );
  });
}
