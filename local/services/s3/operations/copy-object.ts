import type { Operation } from '../context.ts';
import { noSuchKey, S3Error } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';
import { keptHeaders } from './object-headers.ts';
import { parseTagHeader } from './tags.ts';

/** CopyObject, with the source's metadata and tags unless told to replace them. */
export const copyObject: Operation = async ({ store, now }, { bucket, key, headers }) => {
  store.requireBucket(bucket);
  const source = decodeURIComponent(String(headers['x-amz-copy-source'])).replace(/^\//, '');
  const slash = source.indexOf('/');
  if (slash <= 0)
    throw new S3Error('InvalidArgument', 400, 'x-amz-copy-source: bucket/key expected');
  const sourceKey = source.slice(slash + 1).replace(/\?versionId=.*$/, '');
  const object = await store.read(source.slice(0, slash), sourceKey);
  if (object === undefined) throw noSuchKey(sourceKey);
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
