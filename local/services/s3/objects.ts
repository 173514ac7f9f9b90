import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { decodeBody } from './body.ts';
import type { ObjectHead } from './bucket-store.ts';
import { S3Error } from './bucket-store.ts';
import type { Operation } from './requests.ts';
import { childText, parseXml, xmlDocument } from './xml.ts';

const KEPT = [
  'content-type',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
];
const META = 'x-amz-meta-';
const METADATA_BYTES = 2_048;
/** Ten tags at their longest, each character escaped. */
const TAGGING_BYTES = 64 * 1024;

const noSuchKey = () => new S3Error('NoSuchKey', 404, 'The specified key does not exist.');

/** PutObject; `If-None-Match: *` makes it fail where the object is there already. */
export const putObject: Operation = async ({ store, now }, { bucket, key, headers, body }) => {
  store.requireBucket(bucket);
  checkKey(key);
  const { bytes, checksums } = decodeBody(headers, body);
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
  const head = {
    key,
    size: bytes.length,
    etag,
    lastModified: now(),
    ...keptHeaders(headers),
    tags: parseTagHeader(headers['x-amz-tagging']),
    checksums,
  };
  await store.inTurn(bucket, key, async () => {
    checkConditions(headers, store.head(bucket, key)?.etag);
    await store.write(bucket, head, bytes);
  });
  return { headers: { etag, ...checksums } };
};

/** CopyObject, with the source's metadata and tags unless told to replace them. */
export const copyObject: Operation = async ({ store, now }, { bucket, key, headers }) => {
  store.requireBucket(bucket);
  checkKey(key);
  const source = copySource(String(headers['x-amz-copy-source']));
  const object = await store.read(source.bucket, source.key);
  if (object === undefined) throw noSuchKey();
  const head = {
    ...object.head,
    ...(headers['x-amz-metadata-directive'] === 'REPLACE' && keptHeaders(headers)),
    ...(headers['x-amz-tagging-directive'] === 'REPLACE' && {
      tags: parseTagHeader(headers['x-amz-tagging']),
    }),
    key,
    lastModified: now(),
  };
  await store.inTurn(bucket, key, () => store.write(bucket, head, object.bytes));
  return {
    body: xmlDocument('CopyObjectResult', {
      ETag: head.etag,
      LastModified: new Date(head.lastModified).toISOString(),
    }),
  };
};

function copySource(header: string) {
  const [, bucket, key] = /^\/?([^/?]+)\/([^?]+)/.exec(header) ?? [];
  try {
    if (bucket && key) return { bucket: decodeURIComponent(bucket), key: decodeURIComponent(key) };
  } catch {
    // Not a URI: the same answer.
  }
  throw new S3Error('InvalidArgument', 400, 'x-amz-copy-source: bucket/key expected');
}

/** GetObject, whole or one range of bytes. */
export const getObject: Operation = async ({ store }, { bucket, key, headers }) => {
  store.requireBucket(bucket);
  const object = await store.read(bucket, key);
  if (object === undefined) throw noSuchKey();
  const { head, bytes } = object;
  const range = rangeOf(headers.range, bytes.length);
  const withChecksums = headers['x-amz-checksum-mode'] === 'ENABLED' && range === undefined;
  const answer = answerHeaders(head, withChecksums);
  if (range === undefined) return { headers: answer, body: bytes };
  const [start, end] = range;
  const part = bytes.subarray(start, end + 1);
  return {
    statusCode: 206,
    headers: {
      ...answer,
      'content-length': String(part.length),
      'content-range': `bytes ${start}-${end}/${bytes.length}`,
    },
    body: part,
  };
};

/** HeadObject. */
export const headObject: Operation = async ({ store }, { bucket, key, headers }) => {
  const head = store.head(bucket, key);
  if (head === undefined) throw noSuchKey();
  return { headers: answerHeaders(head, headers['x-amz-checksum-mode'] === 'ENABLED') };
};

/** DeleteObject; deleting what is not there succeeds. */
export const deleteObject: Operation = async ({ store }, { bucket, key }) => {
  store.requireBucket(bucket);
  await store.inTurn(bucket, key, () => store.remove(bucket, key));
  return { statusCode: 204 };
};

/** GetObjectTagging. */
export const getObjectTagging: Operation = async ({ store }, { bucket, key }) => {
  const head = store.head(bucket, key);
  if (head === undefined) throw noSuchKey();
  const tags = Object.entries(head.tags).map(([Key, Value]) => ({ Key, Value }));
  return { body: xmlDocument('Tagging', { TagSet: { Tag: tags } }) };
};

/** PutObjectTagging. */
export const putObjectTagging: Operation = async ({ store }, { bucket, key, headers, body }) => {
  store.requireBucket(bucket);
  const tags = checkTags(parseTagging(decodeBody(headers, body).bytes));
  await store.inTurn(bucket, key, async () => {
    const object = await store.read(bucket, key);
    if (object === undefined) throw noSuchKey();
    await store.write(bucket, { ...object.head, tags }, object.bytes);
  });
  return {};
};

function parseTagging(xml: Buffer): [string, string][] {
  const root = xml.length > TAGGING_BYTES ? undefined : parseXml(xml.toString('utf8').trim());
  const tagSet = root?.children.find(({ name }) => name === 'TagSet');
  if (root?.name !== 'Tagging' || tagSet === undefined) {
    throw new S3Error('MalformedXML', 400, 'The XML you provided was not well-formed');
  }
  return tagSet.children.map((tag) => [childText(tag, 'Key') ?? '', childText(tag, 'Value') ?? '']);
}

/** Tags of the x-amz-tagging header, written as a query string. */
function parseTagHeader(header: string | string[] | undefined): Record<string, string> {
  return checkTags([...new URLSearchParams(String(header ?? ''))]);
}

function checkTags(tags: readonly (readonly [string, string])[]): Record<string, string> {
  if (tags.length > 10) {
    throw new S3Error('BadRequest', 400, 'Object tags cannot be greater than 10');
  }
  const names = new Set(tags.map(([name]) => name));
  const bad = tags.some(([name, value]) => !name || name.length > 128 || value.length > 256);
  if (bad || names.size < tags.length) {
    throw new S3Error('InvalidTag', 400, 'each tag once, its name 1 to 128, its value to 256 long');
  }
  return Object.fromEntries(tags);
}

function checkKey(key: string) {
  if (Buffer.byteLength(key) > 1024) {
    throw new S3Error('KeyTooLongError', 400, 'Your key is too long');
  }
}

function checkConditions(headers: IncomingHttpHeaders, current: string | undefined): void {
  const clash = headers['if-none-match'] === '*' && current !== undefined;
  const wanted = headers['if-match'];
  if (clash || (wanted !== undefined && wanted !== current)) {
    throw new S3Error(
      'PreconditionFailed',
      412,
      'At least one of the pre-conditions you specified did not hold',
    );
  }
}

function rangeOf(header: string | undefined, size: number): [number, number] | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  if (start > end) throw new S3Error('InvalidRange', 416, 'The requested range is not satisfiable');
  return [start, end];
}

/** The part of a request's headers that stays with the object. */
function keptHeaders(headers: IncomingHttpHeaders): Pick<ObjectHead, 'headers' | 'metadata'> {
  const given = Object.entries(headers).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  const kept = Object.fromEntries(given.filter(([name]) => KEPT.includes(name)));
  const metadata = given
    .filter(([name]) => name.startsWith(META))
    .map(([name, value]): [string, string] => [name.slice(META.length), value]);
  if (
    metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > METADATA_BYTES
  ) {
    throw new S3Error('MetadataTooLarge', 400, 'Your metadata headers exceed 2 KB');
  }
  const encoding = String(headers['content-encoding'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'aws-chunked');
  return {
    headers: {
      'content-type': 'binary/octet-stream',
      ...kept,
      ...(encoding.length > 0 && { 'content-encoding': encoding.join(',') }),
    },
    metadata: Object.fromEntries(metadata),
  };
}

/** An object's head as headers of an answer. */
function answerHeaders(head: ObjectHead, withChecksums: boolean): Record<string, string> {
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
