import type { CloudWatchClientConfig } from '@aws-sdk/client-cloudwatch';
import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** Gives S3's client, with its commands. */
export type LoadS3 = ReturnType<typeof s3AtFirstUse>;
/** Gives CloudWatch's client, with its commands. */
export type LoadCloudWatch = ReturnType<typeof cloudWatchAtFirstUse>;

/** S3, loaded by the first call that asks for it: it would cost every start its time. */
export const s3AtFirstUse = (config: S3ClientConfig) =>
  once(async () => {
    const sdk = await import('@aws-sdk/client-s3');
    return { ...sdk, client: new sdk.S3Client(config) };
  });

/** CloudWatch, in the same way. */
export const cloudWatchAtFirstUse = (config: CloudWatchClientConfig) =>
  once(async () => {
    const sdk = await import('@aws-sdk/client-cloudwatch');
    return { ...sdk, client: new sdk.CloudWatchClient(config) };
  });

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}
