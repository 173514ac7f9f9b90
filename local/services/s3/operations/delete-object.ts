import type { Operation } from '../context.ts';

/** DeleteObject; deleting what is not there succeeds. */
export const deleteObject: Operation = async ({ store }, { bucket, key }) => {
  await store.inTurn(bucket, key, () => store.remove(bucket, key));
  return { statusCode: 204 };
};
