import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '#shared/errors.ts';
import {
  BodyTooLargeError,
  createClosableServer,
  listenLocally,
  readBody,
} from '../http-server.ts';
import type { LocalService, LocalServiceOptions } from '../local-service.ts';
import { openBuckets } from './bucket-store.ts';
import type { Context, S3Answer, S3Request } from './context.ts';
import { operationOf } from './operations/index.ts';
import { S3Error } from './s3-error.ts';
import { xmlDocument } from './xml.ts';

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;

/** Options of the S3 stand-in. */
export interface S3Options extends LocalServiceOptions {
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

/** Starts the S3 stand-in; clients need `forcePathStyle: true`. Without a folder it keeps objects until it closes. */
export async function startS3(options: S3Options = {}): Promise<LocalService> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'spanstream-s3-')));
  const context: Context = { store: await openBuckets(directory), now: options.now ?? Date.now };
  const { server, close } = createClosableServer((request, response) => {
    answer(context, request)
      .catch(errorAnswer)
      .then((result) => send(request, response, result))
      .catch(() => response.destroy());
  });
  const endpoint = await listenLocally(server, options.port);
  return {
    endpoint,
    close: async () => {
      await close();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answer(context: Context, request: IncomingMessage): Promise<S3Answer> {
  const body = await readBody(request, BODY_LIMIT_BYTES);
  const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const slash = path.indexOf('/', 1);
  const parsed: S3Request = {
    bucket: decodeURIComponent(path.slice(1, slash === -1 ? undefined : slash)),
    key: slash === -1 ? '' : decodeURIComponent(path.slice(slash + 1)),
    query: new URLSearchParams(query),
    headers: request.headers,
    body,
  };
  return operationOf(request.method ?? 'GET', parsed)(context, parsed);
}

function errorAnswer(error: unknown): S3Answer {
  const known = asS3Error(error);
  return {
    statusCode: known.statusCode,
    body: xmlDocument('Error', { Code: known.code, Message: known.message }),
    ...(error instanceof BodyTooLargeError && { headers: { connection: 'close' } }),
  };
}

function asS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof BodyTooLargeError) return new S3Error('EntityTooLarge', 400, error.message);
  if (error instanceof URIError) return new S3Error('InvalidURI', 400, 'the path is not a URI');
  return new S3Error('InternalError', 500, messageOf(error));
}

function send(request: IncomingMessage, response: ServerResponse, result: S3Answer): void {
  const { statusCode = 200, headers = {}, body = '' } = result;
  const bytes = Buffer.from(body);
  response.writeHead(statusCode, {
    'x-amz-request-id': randomUUID(),
    ...(typeof body === 'string' && body !== '' && { 'content-type': 'application/xml' }),
    ...(statusCode !== 204 && { 'content-length': String(bytes.length) }),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
