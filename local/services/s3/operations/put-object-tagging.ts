import { decodeBody } from '../body.ts';
import type { Operation } from '../context.ts';
import { noSuchKey, S3Error } from '../s3-error.ts';
import { elementsOf, unescapeXml } from '../xml.ts';
import { checkTags } from './tags.ts';

/** PutObjectTagging. */
export const putObjectTagging: Operation = async ({ store }, { bucket, key, headers, body }) => {
  const xml = decodeBody(headers, body).bytes.toString('utf8');
  if (!xml.includes('<Tagging')) throw new S3Error('MalformedXML', 400, 'Tagging expected');
  const pairs = elementsOf(xml, 'Tag').map((tag): [string, string] => [
    unescapeXml(elementsOf(tag, 'Key')[0] ?? ''),
    unescapeXml(elementsOf(tag, 'Value')[0] ?? ''),
  ]);
  const tags = checkTags(pairs);
  await store.inTurn(bucket, key, async () => {
    store.requireBucket(bucket);
    const object = await store.read(bucket, key);
    if (object === undefined) throw noSuchKey(key);
    await store.write(bucket, { ...object.head, tags }, object.bytes);
  });
  return {};
};
