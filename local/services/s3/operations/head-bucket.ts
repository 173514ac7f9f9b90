import type { Operation } from '../context.ts';

/** HeadBucket. */
export const headBucket: Operation = async ({ store }, { bucket }) => {
  store.requireBucket(bucket);
  return { headers: { 'x-amz-bucket-region': 'us-east-1' } };
};
