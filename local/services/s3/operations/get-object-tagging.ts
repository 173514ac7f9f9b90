import type { Operation } from '../context.ts';
import { noSuchKey } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';

/** GetObjectTagging. */
export const getObjectTagging: Operation = async ({ store }, { bucket, key }) => {
  const head = store.head(bucket, key);
  if (head === undefined) throw noSuchKey(key);
  const tags = Object.entries(head.tags).map(([Key, Value]) => ({ Key, Value }));
  return { body: xmlDocument('Tagging', { TagSet: { Tag: tags } }) };
};
