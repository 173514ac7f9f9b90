import { S3Error } from '../s3-error.ts';

/** Tags of the x-amz-tagging header, written as a query string. */
export function parseTagHeader(header: string | string[] | undefined): Record<string, string> {
  return checkTags([...new URLSearchParams(String(header ?? ''))]);
}

/** Tags as a map, or the service's error. */
export function checkTags(tags: readonly (readonly [string, string])[]): Record<string, string> {
  const names = new Set(tags.map(([name]) => name));
  const bad = tags.find(
    ([name, value]) => name.length < 1 || name.length > 128 || value.length > 256,
  );
  if (bad !== undefined || tags.length > 10 || names.size < tags.length) {
    throw new S3Error(
      'InvalidTag',
      400,
      'at most 10 tags, each once, names 1 to 128, values to 256',
    );
  }
  return Object.fromEntries(tags);
}
