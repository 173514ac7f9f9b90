import type { IncomingHttpHeaders } from 'node:http';
import { type BucketStore, S3Error } from './bucket-store.ts';

/** One request, taken apart. */
export interface S3Request {
  method: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One answer. */
export interface S3Answer {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** What every operation works on. */
export interface Context {
  store: BucketStore;
  now: () => number;
}

/** One operation. */
export type Operation = (context: Context, request: S3Request) => Promise<S3Answer>;

/**
 * Bucket and key of a request: the bucket is the path's first part, or a name before `localhost`, as clients write it
 * that are not told `forcePathStyle`.
 *
 * @throws {S3Error} where the path is not a URI
 */
export function parseTarget(url: string, host: string) {
  const [path = '/', query = ''] = url.split(/\?(.*)/s);
  const bucket = bucketOfHost(host);
  const whole = bucket === undefined ? path : `/${bucket}${path}`;
  const slash = whole.indexOf('/', 1);
  try {
    return {
      bucket: decodeURIComponent(whole.slice(1, slash === -1 ? undefined : slash)),
      key: slash === -1 ? '' : decodeURIComponent(whole.slice(slash + 1)),
      query: new URLSearchParams(query),
    };
  } catch {
    throw new S3Error('InvalidURI', 400, 'the path is not a URI');
  }
}

/** `bucket.localhost`, `bucket.s3.localhost`, `bucket.s3.us-east-1.localhost`, with a port or without. */
function bucketOfHost(host: string): string | undefined {
  const name = /^(.+)\.localhost(?::\d+)?$/i
    .exec(host)?.[1]
    ?.replace(/(?:^|\.)s3(?:[.-][a-z0-9-]+)?$/i, '');
  return name || undefined;
}
