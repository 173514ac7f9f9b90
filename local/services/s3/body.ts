import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Error } from './bucket-store.ts';

/** A request's body as the caller meant it, and the checksums that came with it and hold. */
export interface DecodedBody {
  bytes: Buffer;
  /** By header name, such as `x-amz-checksum-crc32`. */
  checksums: Record<string, string>;
}

const DIGESTS: Record<string, (bytes: Buffer) => Buffer> = {
  'x-amz-checksum-crc32': (bytes) => {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(crc32(bytes));
    return digest;
  },
  'x-amz-checksum-sha1': (bytes) => createHash('sha1').update(bytes).digest(),
  'x-amz-checksum-sha256': (bytes) => createHash('sha256').update(bytes).digest(),
  'content-md5': (bytes) => createHash('md5').update(bytes).digest(),
};

/** Takes off the aws-chunked framing and checks what checksums are given, in headers or in the trailer. */
export function decodeBody(headers: IncomingHttpHeaders, raw: Buffer): DecodedBody {
  const chunked =
    String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-') ||
    String(headers['content-encoding'] ?? '').includes('aws-chunked');
  const { bytes, trailer } = chunked ? unchunk(raw) : { bytes: raw, trailer: {} };
  const length = headers['x-amz-decoded-content-length'];
  if (chunked && length !== undefined && Number(length) !== bytes.length) throw incomplete();
  const given: Record<string, unknown> = { ...headers, ...trailer };
  const checksums: Record<string, string> = {};
  for (const [name, digest] of Object.entries(DIGESTS)) {
    const wanted = given[name];
    if (typeof wanted !== 'string') continue;
    if (digest(bytes).toString('base64') !== wanted) {
      throw new S3Error('BadDigest', 400, `${name} does not match the body`);
    }
    if (name !== 'content-md5') checksums[name] = wanted;
  }
  return { bytes, checksums };
}

/** A chunk's size in hexadecimal, and perhaps its signature. */
const CHUNK_HEADER = /^([0-9a-f]{1,8})(?:;|$)/i;

function incomplete() {
  return new S3Error('IncompleteBody', 400, 'the aws-chunked body is cut short');
}

function unchunk(raw: Buffer): { bytes: Buffer; trailer: Record<string, string> } {
  const chunks: Buffer[] = [];
  let position = 0;
  for (;;) {
    const end = raw.indexOf('\r\n', position);
    const header = end === -1 ? null : CHUNK_HEADER.exec(raw.toString('latin1', position, end));
    const size = Number.parseInt(header?.[1] ?? '', 16);
    if (Number.isNaN(size) || end + 2 + size > raw.length) throw incomplete();
    if (size === 0) return { bytes: Buffer.concat(chunks), trailer: trailerOf(raw, end + 2) };
    chunks.push(raw.subarray(end + 2, end + 2 + size));
    position = end + 2 + size + 2;
  }
}

function trailerOf(raw: Buffer, from: number): Record<string, string> {
  const lines = raw.toString('latin1', from).split('\r\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      if (colon <= 0) return [];
      return [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
}
