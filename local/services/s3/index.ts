import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '#shared/errors.ts';
import {
  BodyTooLargeError,
  createClosableServer,
  foreignCaller,
  listenLocally,
  readBody,
} from '../http-server.ts';
import type { LocalService, LocalServiceOptions } from '../local-service.ts';
import { openBuckets, S3Error } from './bucket-store.ts';
import { createBucket, deleteBucket, headBucket, listBuckets, listObjectsV2 } from './buckets.ts';
import {
  copyObject,
  deleteObject,
  getObject,
  getObjectTagging,
  headObject,
  putObject,
  putObjectTagging,
} from './objects.ts';
import type { Context, Operation, S3Answer, S3Request } from './requests.ts';
import { parseTarget } from './requests.ts';
import { xmlDocument } from './xml.ts';

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;

/** Options of the S3 stand-in. */
export interface S3Options extends LocalServiceOptions {
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

/** What is offered: `<what> <method>`, for a sub-resource with its name; the query may hold the names given. */
const offered = new Map<string, { run: Operation; query?: readonly string[] }>([
  ['service GET', { run: listBuckets }],
  ['bucket PUT', { run: createBucket }],
  ['bucket HEAD', { run: headBucket }],
  ['bucket DELETE', { run: deleteBucket }],
  [
    'bucket GET',
    {
      run: listObjectsV2,
      query: [
        'list-type',
        'prefix',
        'delimiter',
        'max-keys',
        'continuation-token',
        'start-after',
        'encoding-type',
        'fetch-owner',
      ],
    },
  ],
  ['object PUT', { run: putObject }],
  ['object COPY', { run: copyObject }],
  ['object GET', { run: getObject }],
  ['object HEAD', { run: headObject }],
  ['object DELETE', { run: deleteObject }],
  ['object GET tagging', { run: getObjectTagging }],
  ['object PUT tagging', { run: putObjectTagging }],
]);

/** Starts the S3 stand-in; without a folder it keeps objects until it closes. */
export async function startS3(options: S3Options = {}): Promise<LocalService> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'spanstream-s3-')));
  const context: Context = { store: await openBuckets(directory), now: options.now ?? Date.now };
  const { server, close } = createClosableServer((request, response) => {
    answer(context, request)
      .catch((error: unknown) => errorAnswer(error, request))
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
  const foreign = foreignCaller(request);
  if (foreign) throw new S3Error('AccessDenied', 403, foreign);
  const { headers, method = 'GET', url = '/' } = request;
  const target = parseTarget(url, headers.host ?? '');
  const run = operationOf({ ...target, method, headers, body: Buffer.alloc(0) });
  const body = await readBody(request, BODY_LIMIT_BYTES);
  return run(context, { ...target, method, headers, body });
}

/**
 * The operation that a request asks for. A name in its query that the operation does not know is refused, whatever it is:
 * it may ask for a sub-resource, and `DELETE ?publicAccessBlock` must not be taken for the deletion of the bucket.
 */
function operationOf({ method, bucket, key, query, headers }: S3Request): Operation {
  const what = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const sub = query.has('tagging') ? ' tagging' : '';
  const copies =
    what === 'object' && method === 'PUT' && headers['x-amz-copy-source'] !== undefined;
  const found = offered.get(`${what} ${copies ? 'COPY' : method}${sub}`);
  const known = [...(found?.query ?? []), sub.trim()];
  const strange = [...query.keys()].find((name) => !known.includes(name) && !/^x-/i.test(name));
  if (found !== undefined && strange === undefined) return found.run;
  throw new S3Error(
    'NotImplemented',
    501,
    `A header or query you provided implies functionality that is not implemented: ${method} ${strange ?? sub}`.trim(),
  );
}

function errorAnswer(error: unknown, request: IncomingMessage): S3Answer {
  const known = asS3Error(error);
  return {
    statusCode: known.statusCode,
    body: xmlDocument('Error', {
      Code: known.code,
      Message: known.message,
      Resource: (request.url ?? '').split('?', 1)[0],
    }),
    ...(error instanceof BodyTooLargeError && { headers: { connection: 'close' } }),
  };
}

function asS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof BodyTooLargeError) return new S3Error('EntityTooLarge', 400, error.message);
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
