import type { ObjectHead } from './bucket-store.ts';
import { S3Error } from './bucket-store.ts';
import type { Operation } from './requests.ts';
import { xmlDocument } from './xml.ts';

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

type Entry = { key: string; head: ObjectHead } | { key: string; prefix: string };

/** ListObjectsV2 in the order of the keys' bytes, with prefix, delimiter and pages. */
export const listObjectsV2: Operation = async ({ store }, { bucket, query }) => {
  if (query.get('list-type') !== '2') {
    throw new S3Error('NotImplemented', 501, 'only list-type=2 is offered here');
  }
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token') ?? undefined;
  const startAfter = query.get('start-after') ?? '';
  const maxKeys = Number(query.get('max-keys') ?? 1_000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) {
    throw new S3Error('InvalidArgument', 400, 'max-keys: must be a whole number from 0');
  }
  const after = Buffer.from(token === undefined ? startAfter : Buffer.from(token, 'base64url'));
  const inOrder = entriesOf(store.list(bucket), prefix, delimiter).filter(
    ({ key }) => Buffer.compare(Buffer.from(key), after) > 0,
  );
  const page = inOrder.slice(0, Math.min(maxKeys, 1_000));
  const truncated = maxKeys > 0 && page.length < inOrder.length;
  const encode = (text: string) =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
  return {
    body: xmlDocument('ListBucketResult', {
      Name: bucket,
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      MaxKeys: maxKeys,
      KeyCount: page.length,
      EncodingType: query.get('encoding-type') ?? undefined,
      ContinuationToken: token,
      StartAfter: startAfter === '' ? undefined : encode(startAfter),
      IsTruncated: truncated,
      NextContinuationToken: truncated
        ? Buffer.from(page.at(-1)?.key ?? '').toString('base64url')
        : undefined,
      Contents: page.flatMap((entry) => ('head' in entry ? [contentsOf(entry.head, encode)] : [])),
      CommonPrefixes: page.flatMap((entry) =>
        'prefix' in entry ? [{ Prefix: encode(entry.prefix) }] : [],
      ),
    }),
  };
};

function contentsOf(head: ObjectHead, encode: (text: string) => string) {
  return {
    Key: encode(head.key),
    LastModified: new Date(head.lastModified).toISOString(),
    ETag: head.etag,
    Size: head.size,
    StorageClass: 'STANDARD',
  };
}

function entriesOf(heads: readonly ObjectHead[], prefix: string, delimiter: string): Entry[] {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const head of heads) {
    if (!head.key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : head.key.indexOf(delimiter, prefix.length);
    if (end === -1) {
      entries.push({ key: head.key, head });
      continue;
    }
    const common = head.key.slice(0, end + delimiter.length);
    if (seen.has(common)) continue;
    seen.add(common);
    entries.push({ key: common, prefix: common });
  }
  return entries;
}
