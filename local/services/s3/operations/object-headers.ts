import type { IncomingHttpHeaders } from 'node:http';
import type { ObjectHead } from '../bucket-store.ts';

const KEPT = [
  'content-type',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
];
const META = 'x-amz-meta-';

/** The part of a request's headers that stays with the object. */
export function keptHeaders(
  headers: IncomingHttpHeaders,
): Pick<ObjectHead, 'headers' | 'metadata'> {
  const kept: Record<string, string> = {};
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') continue;
    if (KEPT.includes(name)) kept[name] = value;
    if (name.startsWith(META)) metadata[name.slice(META.length)] = value;
  }
  const encoding = String(headers['content-encoding'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'aws-chunked');
  if (encoding.length > 0) kept['content-encoding'] = encoding.join(',');
  kept['content-type'] ??= 'binary/octet-stream';
  return { headers: kept, metadata };
}

/** An object's head as headers of an answer. */
export function answerHeaders(head: ObjectHead, withChecksums: boolean): Record<string, string> {
  const tags = Object.keys(head.tags).length;
  return {
    ...head.headers,
    ...Object.fromEntries(Object.entries(head.metadata).map(([k, v]) => [`${META}${k}`, v])),
    ...(withChecksums && head.checksums),
    ...(tags > 0 && { 'x-amz-tagging-count': String(tags) }),
    etag: head.etag,
    'last-modified': new Date(head.lastModified).toUTCString(),
    'content-length': String(head.size),
    'accept-ranges': 'bytes',
  };
}
