import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import type * as z from 'zod';
import { createProducer } from '#producers/index.ts';
import type { RedriveAnswer, redriveBodySchema } from '#shared/contracts/console.ts';
import { createFailuresBucket } from '#shared/dead-letters/read.ts';
import { redrive, survey } from '#shared/dead-letters/redrive.ts';
import type { ResourceNames } from '#shared/names.ts';

/** Sends dead letters through the stream again, by their keys, as the redrive command does. */
export async function redriveKeys(
  { keys, retryUncertain }: z.output<typeof redriveBodySchema>,
  { s3, kinesis }: { readonly s3: S3Client; readonly kinesis: KinesisClient },
  names: Pick<ResourceNames, 'failuresBucket' | 'stream'>,
): Promise<RedriveAnswer> {
  const bucket = createFailuresBucket(s3, names.failuresBucket);
  const wanted = new Set(keys);
  const listed = (await bucket.list()).filter(({ key }) => wanted.has(key));
  const there = new Set(listed.map(({ key }) => key));
  const missing = [...wanted].filter((key) => !there.has(key));
  const chosen = await survey({ list: async () => listed, read: bucket.read });
  const producer = createProducer({ client: kinesis, streamName: names.stream });
  const report = await redrive(
    chosen,
    { ...bucket, send: (blobs) => producer.putBlobs(blobs) },
    { retryUncertain },
  );
  const failed = missing.map((key) => ({ key, reason: 'there is no such object any more' }));
  return { ...report, failed: [...report.failed, ...failed] };
}
