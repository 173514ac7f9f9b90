import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
import type { ServiceError } from '../operations.ts';
import { xmlDocument } from '../xml.ts';
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

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;

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
export async function startS3(options: LocalServiceOptions = {}): Promise<LocalService> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'spanstream-s3-')));
  const context: Context = { store: await openBuckets(directory), now: options.now ?? Date.now };
  return serve(
    {
      bodyLimitBytes: BODY_LIMIT_BYTES,
      answer: async (request, body) => {
        const { headers, method = 'GET', url = '/' } = request;
        const target = parseTarget(url, headers.host ?? '');
        const run = operationOf(method, target);
        return answered(await run(context, { ...target, headers, body }));
      },
      refuse: (error, request) => answered(errorAnswer(error, request)),
    },
    {
      port: options.port,
      release: async () => {
        if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
      },
    },
  );
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

/** S3's codes for what is told of any service. */
const CODES: Record<string, string> = {
  AccessDeniedException: 'AccessDenied',
  InternalFailure: 'InternalError',
  RequestEntityTooLarge: 'EntityTooLarge',
};

function errorAnswer(error: ServiceError, { url = '' }: IncomingMessage): S3Answer {
  return {
    statusCode: error.statusCode === 413 ? 400 : error.statusCode,
    body: xmlDocument('Error', {
      Code: CODES[error.type] ?? error.type,
      Message: error.message,
      Resource: url.split('?', 1)[0],
    }),
  };
}

function answered({ headers = {}, ...answer }: S3Answer): S3Answer {
  const isXml = typeof answer.body === 'string' && answer.body !== '';
  const type = isXml ? { 'content-type': 'application/xml' } : {};
  return { ...answer, headers: { 'x-amz-request-id': randomUUID(), ...type, ...headers } };
}
