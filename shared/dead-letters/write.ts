import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { statusOf } from '#shared/retry.ts';
import type { FailureObject } from './object.ts';

/** Keeps failure objects. Resolves when the object is durable: written, or there already. */
export type PutFailure = (key: string, object: FailureObject, signal: AbortSignal) => Promise<void>;

/** Failure objects in a bucket; one that is there already stays, so that its first-seen time is the first. */
export function createPutFailure(client: S3Client, bucket: string): PutFailure {
  return async (key, object, abortSignal) => {
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: JSON.stringify(object),
          ContentType: 'application/json',
          IfNoneMatch: '*',
        }),
        { abortSignal },
      );
    } catch (error) {
      if (statusOf(error) !== 412) throw error;
    }
  };
}
