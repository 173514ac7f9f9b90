import type { Operation } from '../context.ts';
import { xmlDocument } from '../xml.ts';

/** ListBuckets. */
export const listBuckets: Operation = async ({ store }) => ({
  body: xmlDocument('ListAllMyBucketsResult', {
    Owner: { ID: 'local' },
    Buckets: {
      Bucket: store.buckets().map(({ name, createdAt }) => ({
        Name: name,
        CreationDate: new Date(createdAt).toISOString(),
      })),
    },
  }),
});
