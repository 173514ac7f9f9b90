import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { metricsEnvironmentSchema, readEnvironment } from '#shared/function-environment.ts';
import { createLogger } from '#shared/log.ts';
import { createDocumentClient } from '#shared/results-table/dynamodb-results.ts';
import { wait } from '#shared/retry.ts';
import { createMetricsService } from './cloudwatch.ts';
import { createDigestStore } from './digest-store.ts';
import { createProfileStore } from './profiles.ts';
import type { MetricsDeps } from './publication.ts';
import { publishChanges } from './publish-changes.ts';
import { createStateStore } from './state.ts';

const environment = readEnvironment(metricsEnvironmentSchema, process.env);

const documents = createDocumentClient();
const table = environment.SPANSTREAM_METRICS_STATE_TABLE;

const deps: MetricsDeps = {
  store: createStateStore(documents, table),
  digests: createDigestStore(documents, table),
  profiles: createProfileStore(documents, table),
  drift: environment.SPANSTREAM_DRIFT,
  // A retry after a lost answer would count twice: the publisher decides on retries itself.
  service: createMetricsService(
    new CloudWatchClient({ maxAttempts: 1 }),
    environment.SPANSTREAM_METRICS_NAMESPACE,
  ),
  lowConfidenceThreshold: environment.SPANSTREAM_LOW_CONFIDENCE_THRESHOLD,
  countedByName: environment.SPANSTREAM_COUNTED_BY_NAME,
  readBackMs: environment.SPANSTREAM_READ_BACK_SECONDS * 1_000,
  log: createLogger({ level: environment.SPANSTREAM_LOG_LEVEL, name: 'metrics' }),
  now: Date.now,
  wait,
};

/** Lambda on the results table's stream: first inserts in, CloudWatch metrics out. */
export const handler = (
  event: DynamoDBStreamEvent,
  context: Context,
): Promise<DynamoDBBatchResponse> =>
  publishChanges(event, deps, () => context.getRemainingTimeInMillis());
