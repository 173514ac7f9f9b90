import type { Operation } from '../context.ts';
import { S3Error } from '../s3-error.ts';

const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** CreateBucket; making one's own bucket again is harmless, as in us-east-1. */
export const createBucket: Operation = async ({ store }, { bucket }) => {
  if (!NAME.test(bucket) || bucket.includes('..')) {
    throw new S3Error('InvalidBucketName', 400, `The specified bucket is not valid: ${bucket}`);
  }
  await store.create(bucket);
  return { headers: { location: `/${bucket}` } };
};
