import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import type { HttpAnswer } from '../http-server.ts';
import { type BucketStore, s3Error } from './bucket-store.ts';

/** One request, taken apart; the bucket or the key is empty where it names none. */
export interface S3Request {
  bucket: string;
  key: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An object that was put, as notifications tell of it. */
export interface ObjectCreated {
  readonly event: 'Put' | 'Copy' | 'CompleteMultipartUpload';
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

/** What every operation works on. */
export interface S3Context {
  store: BucketStore;
  /** Epoch milliseconds. */
  now: () => number;
  /** Told of every object, once it is durable. */
  onObjectCreated?: ((created: ObjectCreated) => void) | undefined;
}

/** Operations by what they are for: `<what> <method>`, and the sub-resource where it is for one. */
export type S3Operations = Record<
  string,
  (context: S3Context, request: S3Request) => Promise<HttpAnswer>
>;

/**
 * Takes a request apart: the bucket is the path's first part, or a name before `localhost`, as clients write it that are
 * not told `forcePathStyle`.
 *
 * @throws {ServiceError} where the path is not a URI
 */
export function readRequest({ url = '/', headers }: IncomingMessage, body: Buffer): S3Request {
  const [path = '/', query = ''] = url.split(/\?(.*)/s);
  const bucketInHost = bucketOfHost(headers.host ?? '');
  const whole = bucketInHost ? `/${bucketInHost}${path}` : path;
  const [, bucket = '', key = ''] = /^.([^/]*)\/?(.*)$/s.exec(whole) ?? [];
  try {
    const names = { bucket: decodeURIComponent(bucket), key: decodeURIComponent(key) };
    return { ...names, query: new URLSearchParams(query), headers, body };
  } catch {
    throw s3Error('InvalidURI', 400, 'the path is not a URI');
  }
}

/** `bucket.localhost`, `bucket.s3.localhost`, `bucket.s3.us-east-1.localhost`, with a port or without. */
function bucketOfHost(host: string): string | undefined {
  return /^(.+)\.localhost(?::\d+)?$/i
    .exec(host)?.[1]
    ?.replace(/(?:^|\.)s3(?:[.-][a-z0-9-]+)?$/i, '');
}

const hash = (algorithm: string) => (bytes: Buffer) =>
  createHash(algorithm).update(bytes).digest('base64');
const DIGESTS: Record<string, (bytes: Buffer) => string> = {
  'x-amz-checksum-crc32': (bytes) =>
    Buffer.from(crc32(bytes).toString(16).padStart(8, '0'), 'hex').toString('base64'),
  'x-amz-checksum-sha1': hash('sha1'),
  'x-amz-checksum-sha256': hash('sha256'),
  'content-md5': hash('md5'),
};

/** The body as the caller meant it: without the aws-chunked framing, held against the checksums in headers or trailer. */
export function decodeBody({ headers, body }: S3Request): Buffer {
  const chunked =
    String(headers['x-amz-content-sha256']).startsWith('STREAMING-') ||
    String(headers['content-encoding']).includes('aws-chunked');
  const { bytes, trailer } = chunked ? unchunk(body) : { bytes: body, trailer: {} };
  const length = headers['x-amz-decoded-content-length'];
  if (chunked && length !== undefined && Number(length) !== bytes.length) throw incomplete();
  const given: Record<string, unknown> = { ...headers, ...trailer };
  for (const [name, digest] of Object.entries(DIGESTS)) {
    if (given[name] !== undefined && given[name] !== digest(bytes)) {
      throw s3Error('BadDigest', 400, `${name} does not match the body`);
    }
  }
  return bytes;
}

/** A chunk's size in hexadecimal, and perhaps its signature. */
const CHUNK_HEADER = /^([0-9a-f]{1,8})(?:;|$)/i;

const incomplete = () => s3Error('IncompleteBody', 400, 'the aws-chunked body is cut short');

function unchunk(raw: Buffer) {
  const chunks: Buffer[] = [];
  for (let position = 0; ; ) {
    const end = raw.indexOf('\r\n', position);
    const header = end === -1 ? null : CHUNK_HEADER.exec(raw.toString('latin1', position, end));
    const size = Number.parseInt(header?.[1] ?? '', 16);
    const start = end + 2;
    if (Number.isNaN(size) || start + size > raw.length) throw incomplete();
    if (size === 0) return { bytes: Buffer.concat(chunks), trailer: trailerOf(raw, start) };
    chunks.push(raw.subarray(start, start + size));
    position = start + size + 2;
  }
}

function trailerOf(raw: Buffer, from: number): Record<string, string> {
  const lines = raw.toString('latin1', from).matchAll(/^([^:\r\n]+):(.*)$/gm);
  return Object.fromEntries(
    [...lines].map(([, name = '', value = '']) => [name.trim().toLowerCase(), value.trim()]),
  );
}
