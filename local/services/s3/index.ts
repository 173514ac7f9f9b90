import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpAnswer } from '../http-server.ts';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
import type { ServiceError } from '../operations.ts';
import { xmlAnswer } from '../xml.ts';
import { notImplemented, openBuckets } from './bucket-store.ts';
import { bucketOperations } from './buckets.ts';
import { objectOperations } from './objects.ts';
import { readRequest, type S3Context, type S3Request } from './request.ts';
import { uploadOperations } from './uploads.ts';

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;
const operations = new Map(
  Object.entries({ ...bucketOperations, ...objectOperations, ...uploadOperations }),
);
/** What the query of ListObjectsV2 may hold. */
const LIST_QUERY =
  'list-type prefix delimiter max-keys continuation-token start-after encoding-type fetch-owner';

/** Parts of an object that the query may name, and what else it then holds. */
const SUBRESOURCES: Readonly<Record<string, readonly string[]>> = {
  tagging: [],
  uploads: [],
  uploadId: ['partNumber'],
};

/** Options of the S3 stand-in. */
export type S3Options = LocalServiceOptions & Pick<S3Context, 'onObjectCreated'>;

/** Starts the S3 stand-in; without a folder it keeps objects until it closes. */
export async function startS3(options: S3Options = {}): Promise<LocalService> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'spanstream-s3-')));
  const { onObjectCreated, now = Date.now } = options;
  const context: S3Context = { store: await openBuckets(directory), now, onObjectCreated };
  return serve(
    {
      bodyLimitBytes: BODY_LIMIT_BYTES,
      answer: async (incoming, body) => {
        const request = readRequest(incoming, body);
        return operationOf(incoming.method, request)(context, request);
      },
      refuse: errorAnswer,
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
function operationOf(method: string | undefined, { bucket, key, query }: S3Request) {
  const what = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const sub = Object.keys(SUBRESOURCES).find((one) => query.has(one));
  const name = `${what} ${method}${sub === undefined ? '' : ` ${sub}`}`;
  const run = operations.get(name);
  const known = [...(name === 'bucket GET' ? LIST_QUERY.split(' ') : [])];
  if (sub !== undefined) known.push(sub, ...(SUBRESOURCES[sub] ?? []));
  const strange = [...query.keys()].find((one) => !known.includes(one) && !/^x-/i.test(one));
  if (run !== undefined && strange === undefined) return run;
  throw notImplemented(`${method} ${strange ?? sub ?? ''}`.trim());
}

/** S3's codes for what is told of any service. */
const CODES: Record<string, string> = {
  AccessDeniedException: 'AccessDenied',
  InternalFailure: 'InternalError',
  RequestEntityTooLarge: 'EntityTooLarge',
};

function errorAnswer(error: ServiceError, { url = '' }: IncomingMessage): HttpAnswer {
  return {
    statusCode: error.statusCode === 413 ? 400 : error.statusCode,
    ...xmlAnswer('Error', {
      Code: CODES[error.type] ?? error.type,
      Message: error.message,
      Resource: url.split('?', 1)[0],
    }),
  };
}
