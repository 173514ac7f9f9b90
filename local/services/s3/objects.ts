import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { xmlAnswer, xmlText } from '../xml.ts';
import {
  type BucketStore,
  type ByteRange,
  noSuchKey,
  notImplemented,
  type ObjectHead,
  s3Error,
} from './bucket-store.ts';
import {
  decodeBody,
  type ObjectCreated,
  type S3Context,
  type S3Operations,
  type S3Request,
} from './request.ts';

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
/** What is left of a document once its tags are taken out. */
const NO_TAGGING =
  /^\s*(<\?xml[^<>]*>\s*)?<Tagging[^<>]*>\s*(<TagSet>\s*<\/TagSet>|<TagSet\s*\/>)\s*<\/Tagging>\s*$/;
const TAG = /<Tag>\s*<Key>([^<]*)<\/Key>\s*(?:<Value>([^<]*)<\/Value>|<Value\s*\/>)\s*<\/Tag>/g;

function parseTagging(xml: Buffer): [string, string][] {
  const text = xml.length > TAGGING_BYTES ? '' : xml.toString('utf8');
  if (!NO_TAGGING.test(text.replace(TAG, ''))) {
    throw s3Error('MalformedXML', 400, 'The XML you provided was not well-formed');
  }
  return Array.from(text.matchAll(TAG), ([, name = '', value = '']) => {
    return [xmlText(name), xmlText(value)];
  });
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
  if (!holds) throw preconditionFailed();
}

const preconditionFailed = () =>
  s3Error('PreconditionFailed', 412, 'At least one of the pre-conditions did not hold');

/** The part of an object that a request wants: all of it where it names none. */
function rangeOf({ range, 'if-match': wanted }: IncomingHttpHeaders, head: ObjectHead): ByteRange {
  if (wanted !== undefined && wanted !== head.etag) throw preconditionFailed();
  const { size } = head;
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
  // As the protocol has it, a range that is not understood is none.
  if (from === '' && to === '') return { start: 0, end: size };
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
  if (start < end) return { start, end };
  throw s3Error('InvalidRange', 416, 'The requested range is not satisfiable');
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
    'accept-ranges': 'bytes',
  };
}

/** Puts an object, where the request's conditions hold, and tells of it. */
export async function putObject(
  { store, onObjectCreated }: S3Context,
  { bucket, headers }: S3Request,
  head: ObjectHead,
  pieces: Parameters<BucketStore['write']>[2],
  event: ObjectCreated['event'],
): Promise<void> {
  await store.write(bucket, head, pieces, (current) => checkConditions(headers, current?.etag));
  onObjectCreated?.({ event, bucket, key: head.key, size: head.size, etag: head.etag });
}

/** What a request says of the object that it makes, beside its bytes. */
export function newHead(
  { key, headers }: S3Request,
  now: number,
): Omit<ObjectHead, 'size' | 'etag'> {
  if (Buffer.byteLength(key) > 1024) {
    throw s3Error('KeyTooLongError', 400, 'Your key is too long');
  }
  return {
    key,
    lastModified: now,
    ...keptHeaders(headers),
    tags: checkTags([...new URLSearchParams(String(headers['x-amz-tagging'] ?? ''))]),
  };
}

/** Operations on objects. */
export const objectOperations: S3Operations = {
  /** PutObject; `If-None-Match: *` makes it fail where the object is there already. CopyObject, where it names a source. */
  'object PUT': async (context, request) => {
    const source = request.headers['x-amz-copy-source'];
    if (source !== undefined) return copyObject(context, request, String(source));
    const bytes = decodeBody(request);
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    const head = { ...newHead(request, context.now()), size: bytes.length, etag };
    await putObject(context, request, head, [bytes], 'Put');
    return { headers: { etag } };
  },
  /** GetObject, whole or a range of it. */
  'object GET': async ({ store }, { bucket, key, headers }) => {
    const head = store.headOf(bucket, key);
    const part = rangeOf(headers, head);
    const bytes = await store.read(bucket, key, part);
    const whole = answerHeaders(head);
    if (bytes.length === head.size) return { headers: whole, body: bytes };
    const range = `bytes ${part.start}-${part.end - 1}/${head.size}`;
    return {
      statusCode: 206,
      headers: { ...whole, 'content-length': String(bytes.length), 'content-range': range },
      body: bytes,
    };
  },
  /** HeadObject. */
  'object HEAD': async ({ store }, { bucket, key }) => ({
    headers: answerHeaders(store.headOf(bucket, key)),
  }),
  /** DeleteObject; deleting what is not there succeeds. */
  'object DELETE': async ({ store }, { bucket, key }) => {
    store.remove(bucket, key);
    return { statusCode: 204 };
  },
  /** GetObjectTagging. */
  'object GET tagging': async ({ store }, { bucket, key }) => {
    const tags = Object.entries(store.headOf(bucket, key).tags);
    const Tag = tags.map(([Key, Value]) => ({ Key, Value }));
    return xmlAnswer('Tagging', { TagSet: { Tag } });
  },
  /** PutObjectTagging. */
  'object PUT tagging': async ({ store }, request) => {
    const { bucket, key } = request;
    const tags = checkTags(parseTagging(decodeBody(request)));
    const head = store.headOf(bucket, key);
    const bytes = await store.read(bucket, key);
    await store.write(bucket, { ...head, tags }, [bytes], (current) => {
      if (current !== head)
        throw s3Error('OperationAborted', 409, 'the object was changed meanwhile');
    });
    return {};
  },
};

async function copyObject(context: S3Context, request: S3Request, source: string) {
  const [, bucket = '', key = ''] = /^\/?([^/]+)\/(.+)$/s.exec(unescaped(source)) ?? [];
  const head = context.store.headOf(bucket, key);
  const bytes = await context.store.read(bucket, key);
  const isReplaced = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  const made = newHead(request, context.now());
  const copy = isReplaced ? made : { ...head, key: made.key, lastModified: made.lastModified };
  await putObject(context, request, { ...head, ...copy }, [bytes], 'Copy');
  const LastModified = new Date(made.lastModified).toISOString();
  return xmlAnswer('CopyObjectResult', { ETag: head.etag, LastModified });
}

function unescaped(source: string): string {
  try {
    return decodeURIComponent(source);
  } catch {
    throw s3Error('InvalidArgument', 400, 'x-amz-copy-source: must be URL-encoded');
  }
}
