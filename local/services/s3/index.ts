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
  deleteObject,
  getObject,
  getObjectTagging,
  headObject,
  putObject,
  putObjectTagging,
} from './objects.ts';
import {
  type Context,
  type Operation,
  parseTarget,
  type S3Answer,
  type Target,
} from './request.ts';
import { xmlDocument } from './xml.ts';

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;

/** Options of the S3 stand-in. */
export interface S3Options extends LocalServiceOptions {
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

/** What is offered: `<what> <method>`, and the sub-resource where it is for one. */
const offered = new Map<string, Operation>([
  ['service GET', listBuckets],
  ['bucket PUT', createBucket],
  ['bucket HEAD', headBucket],
  ['bucket DELETE', deleteBucket],
  ['bucket GET', listObjectsV2],
  ['object PUT', putObject],
  ['object GET', getObject],
  ['object HEAD', headObject],
  ['object DELETE', deleteObject],
  ['object GET tagging', getObjectTagging],
  ['object PUT tagging', putObjectTagging],
]);
const listQuery =
  'list-type prefix delimiter max-keys continuation-token start-after encoding-type fetch-owner';

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
  const run = operationOf(method, target);
  const body = await readBody(request, BODY_LIMIT_BYTES);
  return run(context, { ...target, headers, body });
}

/**
 * The operation that a request asks for. A name in its query that the operation does not know is refused, whatever it is:
 * it may ask for a sub-resource, and `DELETE ?publicAccessBlock` must not be taken for the deletion of the bucket.
 */
function operationOf(method: string, { bucket, key, query }: Target): Operation {
  const what = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const sub = query.has('tagging') ? ' tagging' : '';
  const run = offered.get(`${what} ${method}${sub}`);
  const known = run === listObjectsV2 ? listQuery.split(' ') : [sub.trim()];
  const strange = [...query.keys()].find((name) => !known.includes(name) && !/^x-/i.test(name));
  if (run !== undefined && strange === undefined) return run;
  throw new S3Error(
    'NotImplemented',
    501,
    `A header or query you provided implies functionality that is not implemented: ${method} ${strange ?? sub}`.trim(),
  );
}

function errorAnswer(error: unknown, { url = '' }: IncomingMessage): S3Answer {
  const tooLarge = error instanceof BodyTooLargeError;
  const known = error instanceof S3Error ? error : undefined;
  return {
    statusCode: tooLarge ? 400 : (known?.statusCode ?? 500),
    body: xmlDocument('Error', {
      Code: tooLarge ? 'EntityTooLarge' : (known?.code ?? 'InternalError'),
      Message: messageOf(error),
      Resource: url.split('?', 1)[0],
    }),
    ...(tooLarge && { headers: { connection: 'close' } }),
  };
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
