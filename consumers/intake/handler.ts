import { randomUUID } from 'node:crypto';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { S3Client } from '@aws-sdk/client-s3';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createKinesisClient, createProducer } from '#producers/index.ts';
import { createPutFailure } from '#shared/dead-letters/write.ts';
import {
  intakeEnvironmentSchema,
  readEnvironment,
  resultOptionsOf,
} from '#shared/function-environment.ts';
import { createLogger } from '#shared/log.ts';
import { createDocumentClient, createPutBatch } from '#shared/results-table/dynamodb-results.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { wait } from '#shared/retry.ts';
import { createIntakeBucket } from './bucket.ts';
import { createIteratorAge, createStreamRoom } from './stream-room.ts';
import { takeEvent } from './take-event.ts';
import type { IntakeDeps } from './take-object.ts';

const environment = readEnvironment(intakeEnvironmentSchema, process.env);
const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined });
const log = createLogger({ level: environment.SPANSTREAM_LOG_LEVEL, name: 'intake' });
const ratePerSecond = environment.SPANSTREAM_RECORDS_PER_SECOND;
const now = Date.now;

const deps: IntakeDeps = {
  bucket: createIntakeBucket(s3, environment.SPANSTREAM_INTAKE_BUCKET),
  producer: createProducer({
    client: createKinesisClient(),
    streamName: environment.SPANSTREAM_STREAM,
    ratePerSecond,
  }),
  writer: createResultsWriter({
    putBatch: createPutBatch(createDocumentClient(), environment.SPANSTREAM_RESULTS_TABLE),
  }),
  putFailure: createPutFailure(s3, environment.SPANSTREAM_FAILURES_BUCKET),
  room: createStreamRoom({
    iteratorAge: createIteratorAge(
      new CloudWatchClient(),
      environment.SPANSTREAM_INFERENCE_FUNCTION,
      now,
    ),
    limitMs: environment.SPANSTREAM_ITERATOR_AGE_SECONDS * 1_000,
    ...{ ratePerSecond, log, now, wait },
  }),
  options: resultOptionsOf(environment),
  createRun: randomUUID,
  ...{ ratePerSecond, log, now, wait },
};

/** Lambda on the queue of S3's notifications: objects of the inbox in, their records onto the stream. */
export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  takeEvent(event, deps, () => context.getRemainingTimeInMillis());
