import { inOrder, pageOf } from '../operations.ts';
import { xmlAnswer } from '../xml.ts';
import { notImplemented, type ObjectHead, s3Error } from './bucket-store.ts';
import type { S3Operations } from './request.ts';

const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Objects by key, and in place of those with the delimiter after the prefix what they have in common, which has no head. */
function entriesOf(heads: Iterable<ObjectHead>, prefix: string, delimiter: string) {
  const entries = new Map<string, ObjectHead | undefined>();
  for (const head of heads) {
    if (!head.key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : head.key.indexOf(delimiter, prefix.length);
    if (end === -1) entries.set(head.key, head);
    else entries.set(head.key.slice(0, end + delimiter.length), undefined);
  }
  return [...entries];
}

/** Operations on buckets. */
export const bucketOperations: S3Operations = {
  /** ListBuckets. */
  'service GET': async ({ store }) => {
    const buckets = inOrder(store.buckets(), ({ name }) => name);
    const Bucket = buckets.map(({ name: Name, createdAt }) => {
      return { Name, CreationDate: new Date(createdAt).toISOString() };
    });
    const answer = { Owner: { ID: 'local' }, Buckets: { Bucket } };
    return xmlAnswer('ListAllMyBucketsResult', answer);
  },
  /** CreateBucket; making one's own bucket again is harmless, as in us-east-1. */
  'bucket PUT': async ({ store }, { bucket }) => {
    if (!NAME.test(bucket) || bucket.includes('..')) {
      throw s3Error('InvalidBucketName', 400, 'The specified bucket is not valid.');
    }
    await store.create(bucket);
    return { headers: { location: `/${bucket}` } };
  },
  /** DeleteBucket; it must be empty. */
  'bucket DELETE': async ({ store }, { bucket }) => {
    await store.drop(bucket);
    return { statusCode: 204 };
  },
  /** HeadBucket. */
  'bucket HEAD': async ({ store }, { bucket }) => {
    store.bucketOf(bucket);
    return { headers: { 'x-amz-bucket-region': 'us-east-1' } };
  },
  /** ListObjectsV2 in the order of the keys' bytes, with prefix, delimiter and pages. */
  'bucket GET': async ({ store }, { bucket, query }) => {
    if (query.get('list-type') !== '2') throw notImplemented('a list-type other than 2');
    const Prefix = query.get('prefix') ?? '';
    const Delimiter = query.get('delimiter') ?? '';
    const asked = query.get('max-keys') ?? '1000';
    const MaxKeys = Number(asked);
    if (!/^\d{1,10}$/.test(asked)) {
      throw s3Error('InvalidArgument', 400, 'max-keys: must be a whole number from 0');
    }
    const token = query.get('continuation-token');
    if (token === '') {
      throw s3Error('InvalidArgument', 400, 'The continuation token provided is incorrect');
    }
    const after = token
      ? Buffer.from(token, 'base64url').toString()
      : (query.get('start-after') ?? '');
    const entries = entriesOf(store.headsOf(bucket), Prefix, Delimiter);
    const { page, last } = pageOf(entries, ([name]) => name, after, Math.min(MaxKeys, 1_000));
    const EncodingType = query.get('encoding-type') ?? undefined;
    const encode = (text: string) =>
      EncodingType === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
    const Contents = page.flatMap(([name, head]) => {
      if (head === undefined) return [];
      const LastModified = new Date(head.lastModified).toISOString();
      const { etag: ETag, size: Size } = head;
      return { Key: encode(name), LastModified, ETag, Size, StorageClass: 'STANDARD' };
    });
    const prefixes = page.filter(([, head]) => head === undefined);
    return xmlAnswer('ListBucketResult', {
      Name: bucket,
      Prefix: encode(Prefix),
      Delimiter: Delimiter === '' ? undefined : encode(Delimiter),
      MaxKeys,
      KeyCount: page.length,
      EncodingType,
      IsTruncated: last !== undefined,
      NextContinuationToken: last && Buffer.from(last).toString('base64url'),
      Contents,
      CommonPrefixes: prefixes.map(([name]) => ({ Prefix: encode(name) })),
    });
  },
};
