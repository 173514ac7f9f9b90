import type { IncomingHttpHeaders } from 'node:http';
import type { BucketStore } from './bucket-store.ts';

/** One request, taken apart. */
export interface S3Request {
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
