import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import type { TargetClients } from '#shared/cli/target.ts';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import {
  describedEndings,
  type FileFormat,
  formatOf,
  type RecordFormat,
} from '#shared/record-files/format.ts';
import { contentName, createObjectReader } from '#shared/record-files/s3-objects.ts';
import { type Input, naming } from './inputs.ts';

/** An S3 client of a target. */
export function createS3Client({ endpoints, ...client }: TargetClients): S3Client {
  const endpoint = endpoints.AWS_ENDPOINT_URL_S3;
  return new S3Client({ ...client, ...(endpoint && { endpoint, forcePathStyle: true }) });
}

/** Where objects are. */
interface ObjectsAddress {
  readonly url: string;
  readonly bucket: string;
  /** Key of one, or what the keys of several begin with. */
  readonly prefix: string;
}

/**
 * Reads an address such as `s3://bucket/prefix`.
 *
 * @throws {ConfigurationError} where it names no bucket
 */
export function parseObjectUrl(url: string): ObjectsAddress {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  if (bucket !== undefined) return { url, bucket, prefix };
  throw new ConfigurationError(`${url} names no bucket: s3://bucket/prefix`);
}

/**
 * Opens the object of an address, or those whose keys begin with it, in the order of their keys. Records without an id get the
 * one that the intake bucket's function would give them.
 *
 * @throws {ConfigurationError} where there is none, or none whose format is told by its name
 */
export async function openObjects(
  { url, bucket, prefix }: ObjectsAddress,
  client: S3Client,
  { format, say }: { format?: RecordFormat | undefined; say: (line: string) => void },
): Promise<readonly Input[]> {
  const found: { key: string; size: number; etag: string }[] = [];
  try {
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client },
      { Bucket: bucket, Prefix: prefix },
    )) {
      for (const { Key: key = '', Size: size = 0, ETag: etag = '' } of Contents) {
        // What ends in a slash is the folder of a console.
        if (!key.endsWith('/')) found.push({ key, size, etag });
      }
    }
  } catch (cause) {
    throw new ConfigurationError(`cannot read ${url}: ${messageOf(cause)}`, { cause });
  }
  const exact = found.filter(({ key }) => key === prefix);
  const chosen = exact.length > 0 ? exact : found;
  if (chosen.length === 0) throw new ConfigurationError(`cannot read ${url}: there is no object`);
  const reader = createObjectReader(client, bucket);
  const inputs = chosen.flatMap(({ key, size, etag }): Input[] => {
    const told = formatOf({ name: key });
    const known: FileFormat | undefined = format
      ? { format, gzip: told?.gzip ?? key.endsWith('.gz') }
      : told;
    if (!known) return [];
    const name = `s3://${bucket}/${key}`;
    const read = (offset: number) => reader.read(key, { etag, size }, offset);
    return [
      {
        ...{ name, format: known, size, version: etag },
        origin: { name: key, idPrefix: `s3-${contentName(key, etag)}` },
        open: (offset) => naming(name, read(offset)),
        close() {},
      },
    ];
  });
  const others = chosen.length - inputs.length;
  const rule = `names must end in ${describedEndings}, or --format says what they are`;
  if (inputs.length === 0) throw new ConfigurationError(`cannot read ${url}: ${rule}`);
  if (others > 0) say(`left out ${others} objects of ${url}: ${rule}`);
  return inputs;
}
