import type { ObjectHead } from '../bucket-store.ts';
import type { Operation } from '../context.ts';
import { S3Error } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';

type Entry = { key: string; head: ObjectHead } | { key: string; prefix: string };

/** ListObjectsV2 in the order of the keys' bytes, with prefix, delimiter and pages. */
export const listObjectsV2: Operation = async ({ store }, { bucket, query }) => {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token') ?? undefined;
  const startAfter = query.get('start-after') ?? '';
  const maxKeys = Number(query.get('max-keys') ?? 1_000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) {
    throw new S3Error('InvalidArgument', 400, 'max-keys: must be a whole number from 0');
  }
  const after = token === undefined ? startAfter : Buffer.from(token, 'base64url').toString('utf8');
  const inOrder = entriesOf(store.list(bucket), prefix, delimiter).filter(
    ({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0,
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
      Contents: page.flatMap((entry) =>
        'head' in entry
          ? [
              {
                Key: encode(entry.key),
                LastModified: new Date(entry.head.lastModified).toISOString(),
                ETag: entry.head.etag,
                Size: entry.head.size,
                StorageClass: 'STANDARD',
              },
            ]
          : [],
      ),
      CommonPrefixes: page.flatMap((entry) =>
        'prefix' in entry ? [{ Prefix: encode(entry.prefix) }] : [],
      ),
    }),
  };
};

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
