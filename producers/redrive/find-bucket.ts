import { ListBucketsCommand, type S3Client } from '@aws-sdk/client-s3';
import { ConfigurationError } from '#shared/errors.ts';

/**
 * Name of a deployment's failures bucket on AWS, where account and region are added to it.
 *
 * @throws {ConfigurationError} where there is none in the client's region, or more than one
 */
export async function findFailuresBucket(
  client: Pick<S3Client, 'send'>,
  name: string,
  region: string,
): Promise<string> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand({ Prefix: `${name}-` }));
  const found = Buckets.map(({ Name }) => Name ?? '').filter((bucket) => {
    const rest = bucket.startsWith(`${name}-`) ? bucket.slice(name.length + 1) : '';
    return /^\d{12}-/.test(rest) && rest.slice(13) === region;
  });
  const [bucket, ...others] = found;
  if (bucket === undefined || others.length > 0) {
    const what = bucket === undefined ? 'no bucket' : 'more than one bucket';
    throw new ConfigurationError(
      `${what} is named ${name}-<account>-${region}: name the failures bucket with --bucket`,
    );
  }
  return bucket;
}
