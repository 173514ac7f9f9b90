import type { Operation } from '../context.ts';

/** DeleteBucket; it must be empty. */
export const deleteBucket: Operation = async ({ store }, { bucket }) => {
  await store.drop(bucket);
  return { statusCode: 204 };
};
