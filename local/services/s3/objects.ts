import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { xmlDocument, xmlText } from '../xml.ts';
import { noSuchKey, notImplemented, type ObjectHead, s3Error } from './bucket-store.ts';
import { decodeBody, type S3Operations } from './request.ts';

const KEPT = [
  'content-type',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
];
const META = 'x-amz-meta-';
/** Ten tags at their longest, each character escaped. */
const TAGGING_BYTES = 64 * 1024;
const TAGGING =
  /^\s*(?:<\?xml[^<>]*>\s*)?<Tagging[^<>]*>\s*(?:<TagSet>(.*)<\/TagSet>|<TagSet\s*\/>)\s*<\/Tagging>\s*$/s;
const TAG =
  /\s*<Tag>\s*<Key>([^<]*)<\/Key>\s*(?:<Value>([^<]*)<\/Value>|<Value\s*\/>)\s*<\/Tag>\s*/gy;

function parseTagging(xml: Buffer): [string, string][] {
  const document = xml.length > TAGGING_BYTES ? null : TAGGING.exec(xml.toString('utf8'));
  const tagSet = document?.[1] ?? '';
  const tags = [...tagSet.matchAll(TAG)];
  const length = tags.reduce((sum, [whole]) => sum + whole.length, 0);
  if (document === null || tagSet.slice(length).trim() !== '') {
    throw s3Error('MalformedXML', 400, 'The XML you provided was not well-formed');
  }
  return tags.map(([, name = '', value = '']) => [xmlText(name), xmlText(value)]);
}

function checkTags(tags: readonly (readonly [string, string])[]): Record<string, string> {
  if (tags.length > 10) {
    throw s3Error('BadRequest', 400, 'Object tags cannot be greater than 10');
  }
  const names = new Set(tags.map(([name]) => name));
  const bad = tags.some(([name, value]) => !name || name.length > 128 || value.length > 256);
  if (bad || names.size < tags.length) {
    throw s3Error('InvalidTag', 400, 'each tag once, its name 1 to 128, its value to 256 long');
  }
  return Object.fromEntries(tags);
}

/** One condition at most: that nothing is there, or the object that was meant. */
function checkConditions(headers: IncomingHttpHeaders, current: string | undefined): void {
  const { 'if-match': wanted, 'if-none-match': unwanted } = headers;
  if (unwanted !== undefined && (unwanted !== '*' || wanted !== undefined)) {
    throw notImplemented('a condition other than If-Match, or If-None-Match of anything');
  }
  if (wanted !== undefined && current === undefined) throw noSuchKey();
  const holds = unwanted === undefined ? (wanted ?? current) === current : current === undefined;
  if (holds) return;
  throw s3Error(
    'PreconditionFailed',
    412,
    'At least one of the pre-conditions you specified did not hold',
  );
}

/** The part of a request's headers that stays with the object. */
function keptHeaders(headers: IncomingHttpHeaders): Pick<ObjectHead, 'headers' | 'metadata'> {
  const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  const metadata = given.filter(([name]) => name.startsWith(META));
  const encoding = String(headers['content-encoding'] ?? '')
    .split(/\s*,\s*/)
    .filter((part) => part !== 'aws-chunked')
    .join(',');
  return {
    headers: {
      'content-type': 'binary/octet-stream',
      ...Object.fromEntries(given.filter(([name]) => KEPT.includes(name))),
      ...(encoding !== '' && { 'content-encoding': encoding }),
    },
    metadata: Object.fromEntries(metadata.map(([name, value]) => [name.slice(META.length), value])),
  };
}

/** An object's head as headers of an answer. */
function answerHeaders(head: ObjectHead): Record<string, string> {
  const tags = Object.keys(head.tags).length;
  return {
    ...head.headers,
    ...Object.fromEntries(Object.entries(head.metadata).map(([k, v]) => [`${META}${k}`, v])),
    ...(tags > 0 && { 'x-amz-tagging-count': String(tags) }),
    etag: head.etag,
    'last-modified': new Date(head.lastModified).toUTCString(),
    'content-length': String(head.size),
    'accept-ranges': 'none',
  };
}

/** Operations on objects. */
export const objectOperations: S3Operations = {
  /** PutObject; `If-None-Match: *` makes it fail where the object is there already. */
  'object PUT': async ({ store, now }, request) => {
    const { bucket, key, headers } = request;
    if (headers['x-amz-copy-source'] !== undefined) throw notImplemented('x-amz-copy-source');
    if (Buffer.byteLength(key) > 1024) {
      throw s3Error('KeyTooLongError', 400, 'Your key is too long');
    }
    const bytes = decodeBody(request);
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    const head = {
      key,
      size: bytes.length,
      etag,
      lastModified: now(),
      ...keptHeaders(headers),
      tags: checkTags([...new URLSearchParams(String(headers['x-amz-tagging'] ?? ''))]),
    };
    await store.inTurn(bucket, key, async () => {
      checkConditions(headers, store.bucketOf(bucket).objects.get(key)?.etag);
      await store.write(bucket, head, bytes);
    });
    return { headers: { etag } };
  },
  /** GetObject, always whole. */
  'object GET': async ({ store }, { bucket, key, headers }) => {
    if (headers.range !== undefined) throw notImplemented('range');
    const { head, bytes } = await store.read(bucket, key);
    return { headers: answerHeaders(head), body: bytes };
  },
  /** HeadObject. */
  'object HEAD': async ({ store }, { bucket, key }) => ({
    headers: answerHeaders(store.headOf(bucket, key)),
  }),
  /** DeleteObject; deleting what is not there succeeds. */
  'object DELETE': async ({ store }, { bucket, key }) => {
    await store.inTurn(bucket, key, () => store.remove(bucket, key));
    return { statusCode: 204 };
  },
  /** GetObjectTagging. */
  'object GET tagging': async ({ store }, { bucket, key }) => {
    const tags = Object.entries(store.headOf(bucket, key).tags);
    const Tag = tags.map(([Key, Value]) => ({ Key, Value }));
    return { body: xmlDocument('Tagging', { TagSet: { Tag } }) };
  },
  /** PutObjectTagging. */
  'object PUT tagging': async ({ store }, request) => {
    const { bucket, key } = request;
    const tags = checkTags(parseTagging(decodeBody(request)));
    await store.inTurn(bucket, key, async () => {
      const { head, bytes } = await store.read(bucket, key);
      await store.write(bucket, { ...head, tags }, bytes);
    });
    return {};
  },
};
