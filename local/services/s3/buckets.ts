import { xmlDocument } from '../xml.ts';
import { type ObjectHead, S3Error } from './bucket-store.ts';
import type { Operation } from './request.ts';

const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

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

/** CreateBucket; making one's own bucket again is harmless, as in us-east-1. */
export const createBucket: Operation = async ({ store }, { bucket }) => {
  if (!NAME.test(bucket) || bucket.includes('..')) {
    throw new S3Error('InvalidBucketName', 400, 'The specified bucket is not valid.');
  }
  await store.create(bucket);
  return { headers: { location: `/${bucket}` } };
};

/** DeleteBucket; it must be empty. */
export const deleteBucket: Operation = async ({ store }, { bucket }) => {
  await store.drop(bucket);
  return { statusCode: 204 };
};

/** HeadBucket. */
export const headBucket: Operation = async ({ store }, { bucket }) => {
  store.requireBucket(bucket);
  return { headers: { 'x-amz-bucket-region': 'us-east-1' } };
};

/** ListObjectsV2 in the order of the keys' bytes, with prefix, delimiter and pages. */
export const listObjectsV2: Operation = async ({ store }, { bucket, query }) => {
  if (query.get('list-type') !== '2') {
    throw new S3Error('NotImplemented', 501, 'only list-type=2 is offered here');
  }
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = Number(query.get('max-keys') ?? 1_000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) {
    throw new S3Error('InvalidArgument', 400, 'max-keys: must be a whole number from 0');
  }
  const token = query.get('continuation-token');
  const after = token
    ? Buffer.from(token, 'base64url')
    : Buffer.from(query.get('start-after') ?? '');
  const entries = entriesOf(store.list(bucket), prefix, delimiter).filter(
    ([name]) => Buffer.compare(Buffer.from(name), after) > 0,
  );
  const page = entries.slice(0, Math.min(maxKeys, 1_000));
  const truncated = maxKeys > 0 && page.length < entries.length;
  const encoding = query.get('encoding-type') ?? undefined;
  const encode = (text: string) =>
    encoding === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
  return {
    body: xmlDocument('ListBucketResult', {
      Name: bucket,
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      MaxKeys: maxKeys,
      KeyCount: page.length,
      EncodingType: encoding,
      IsTruncated: truncated,
      NextContinuationToken: truncated
        ? Buffer.from(page.at(-1)?.[0] ?? '').toString('base64url')
        : undefined,
      Contents: page.flatMap(([name, head]) =>
        head === undefined
          ? []
          : {
              Key: encode(name),
              LastModified: new Date(head.lastModified).toISOString(),
              ETag: head.etag,
              Size: head.size,
              StorageClass: 'STANDARD',
            },
      ),
      CommonPrefixes: page.flatMap(([name, head]) =>
        head === undefined ? { Prefix: encode(name) } : [],
      ),
    }),
  };
};

/** Objects by key, and in place of those with the delimiter after the prefix what they have in common, which has no head. */
function entriesOf(heads: readonly ObjectHead[], prefix: string, delimiter: string) {
  const entries = new Map<string, ObjectHead | undefined>();
  for (const head of heads) {
    if (!head.key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : head.key.indexOf(delimiter, prefix.length);
    if (end === -1) entries.set(head.key, head);
    else entries.set(head.key.slice(0, end + delimiter.length), undefined);
  }
  return [...entries];
}
