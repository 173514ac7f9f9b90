import type { Operation } from '../context.ts';
import { noSuchKey, S3Error } from '../s3-error.ts';
import { answerHeaders } from './object-headers.ts';

/** GetObject, whole or one range of bytes. */
export const getObject: Operation = async ({ store }, { bucket, key, headers }) => {
  store.requireBucket(bucket);
  const object = await store.read(bucket, key);
  if (object === undefined) throw noSuchKey(key);
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

function rangeOf(header: string | undefined, size: number): [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  if (start > end) throw new S3Error('InvalidRange', 416, 'The requested range is not satisfiable');
  return [start, end];
}
