import { S3Client } from '@aws-sdk/client-s3';
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { createPutFailure } from '#shared/dead-letters/write.ts';
import {
  engineOptionsOf,
  inferenceEnvironmentSchema,
  readEnvironment,
  resultOptionsOf,
} from '#shared/function-environment.ts';
import { createLogger } from '#shared/log.ts';
import { createTextEngine } from '#shared/nlp/index.ts';
import {
  createDocumentClient,
  createGetBatch,
  createPutBatch,
} from '#shared/results-table/dynamodb-results.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { LOOK_UP_ATTRIBUTES } from './look-up.ts';
import { createPace } from './pace.ts';
import { processBatch } from './process-batch.ts';
import { createSeenTexts } from './seen-texts.ts';
import type { InferenceDeps } from './types.ts';

const environment = readEnvironment(inferenceEnvironmentSchema, process.env);
// A pause before another attempt is not ended by a signal: with one retry it stays well within the time that is kept back.
const s3 = new S3Client({
  maxAttempts: 2,
  forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
});
const client = createDocumentClient();
const table = environment.SPANSTREAM_RESULTS_TABLE;

const deps: InferenceDeps = {
  engine: await createTextEngine(engineOptionsOf(environment, import.meta.url)),
  writer: createResultsWriter({ putBatch: createPutBatch(client, table) }),
  getBatch: createGetBatch(client, table, LOOK_UP_ATTRIBUTES),
  putFailure: createPutFailure(s3, environment.SPANSTREAM_FAILURES_BUCKET),
  pace: createPace(),
  seen: createSeenTexts(environment.SPANSTREAM_SEEN_TEXTS_MEGABYTES * 2 ** 20),
  options: resultOptionsOf(environment),
  standing: environment.SPANSTREAM_STANDING,
  log: createLogger({ level: environment.SPANSTREAM_LOG_LEVEL, name: 'inference' }),
  now: Date.now,
};

/** Lambda on the text stream: batches of text records in, results and failures out. */
export const handler = (
  event: KinesisStreamEvent,
  context: Context,
): Promise<KinesisStreamBatchResponse> =>
  processBatch(event, deps, () => context.getRemainingTimeInMillis());
