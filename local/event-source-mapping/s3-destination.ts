import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { FailureDestination } from './invocation-record.ts';

/** Keeps invocation records as objects of a bucket. */
export function s3Destination(client: S3Client, bucket: string): FailureDestination {
  return async (key, record) => {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: JSON.stringify(record),
        ContentType: 'application/json',
      }),
    );
  };
}
