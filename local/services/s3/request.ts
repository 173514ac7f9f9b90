import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { type BucketStore, S3Error } from './bucket-store.ts';

/** What a request is about; the bucket or the key is empty where it names none. */
export interface Target {
  bucket: string;
  key: string;
  query: URLSearchParams;
}

/** One request, taken apart. */
export interface S3Request extends Target {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One answer; a body that is a string is XML. */
export interface S3Answer {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** What every operation works on. */
export interface Context {
  store: BucketStore;
  /** Epoch milliseconds. */
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
export function parseTarget(url: string, host: string): Target {
  const [path = '/', query = ''] = url.split(/\?(.*)/s);
  const bucketInHost = bucketOfHost(host);
  const whole = bucketInHost ? `/${bucketInHost}${path}` : path;
  const [, bucket = '', key = ''] = /^.([^/]*)\/?(.*)$/s.exec(whole) ?? [];
  try {
    return {
      bucket: decodeURIComponent(bucket),
      key: decodeURIComponent(key),
      query: new URLSearchParams(query),
    };
  } catch {
    throw new S3Error('InvalidURI', 400, 'the path is not a URI');
  }
}

/** `bucket.localhost`, `bucket.s3.localhost`, `bucket.s3.us-east-1.localhost`, with a port or without. */
function bucketOfHost(host: string): string | undefined {
  return /^(.+)\.localhost(?::\d+)?$/i
    .exec(host)?.[1]
    ?.replace(/(?:^|\.)s3(?:[.-][a-z0-9-]+)?$/i, '');
}

const crc32Of = (bytes: Buffer) => {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(bytes));
  return digest;
};
const DIGESTS: Record<string, (bytes: Buffer) => Buffer> = {
  'x-amz-checksum-crc32': crc32Of,
  'x-amz-checksum-sha1': (bytes) => createHash('sha1').update(bytes).digest(),
  'x-amz-checksum-sha256': (bytes) => createHash('sha256').update(bytes).digest(),
  'content-md5': (bytes) => createHash('md5').update(bytes).digest(),
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
    if (given[name] !== undefined && given[name] !== digest(bytes).toString('base64')) {
      throw new S3Error('BadDigest', 400, `${name} does not match the body`);
    }
  }
  return bytes;
}

/** A chunk's size in hexadecimal, and perhaps its signature. */
const CHUNK_HEADER = /^([0-9a-f]{1,8})(?:;|$)/i;

const incomplete = () => new S3Error('IncompleteBody', 400, 'the aws-chunked body is cut short');

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
