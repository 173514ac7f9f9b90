import { createHash } from 'node:crypto';
import { decodeBody } from '../body.ts';
import type { Operation } from '../context.ts';
import { S3Error } from '../s3-error.ts';
import { keptHeaders } from './object-headers.ts';
import { parseTagHeader } from './tags.ts';

/** PutObject; `If-None-Match: *` makes it fail where the object is there already. */
export const putObject: Operation = async ({ store, now }, { bucket, key, headers, body }) => {
  store.requireBucket(bucket);
  if (Buffer.byteLength(key) > 1024) {
    throw new S3Error('KeyTooLongError', 400, 'Your key is too long');
  }
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

function checkConditions(
  headers: { 'if-none-match'?: string | undefined; 'if-match'?: string | undefined },
  current: string | undefined,
): void {
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
