import type { Operation } from '../context.ts';
import { noSuchKey } from '../s3-error.ts';
import { answerHeaders } from './object-headers.ts';

/** HeadObject. */
export const headObject: Operation = async ({ store }, { bucket, key, headers }) => {
  const head = store.head(bucket, key);
  if (head === undefined) throw noSuchKey(key);
  return { headers: answerHeaders(head, headers['x-amz-checksum-mode'] === 'ENABLED') };
};
