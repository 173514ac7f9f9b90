import type { Context } from 'aws-lambda';
import { createReadProfile } from '#shared/drift/read-profile.ts';
import {
  engineOptionsOf,
  httpEnvironmentSchema,
  readEnvironment,
  resultOptionsOf,
} from '#shared/function-environment.ts';
import { createLogger } from '#shared/log.ts';
import { resourceNames } from '#shared/names.ts';
import { createTextEngine } from '#shared/nlp/index.ts';
import {
  createDocumentClient,
  createGetBatch,
  createPutBatch,
  createQueryItems,
} from '#shared/results-table/dynamodb-results.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { createCloudWatch } from './cloudwatch.ts';
import { type HttpDeps, handleRequest } from './handle-request.ts';
import { cloudWatchAtFirstUse, s3AtFirstUse } from './lazy-clients.ts';
import { createParkedObjects } from './parked-objects.ts';
import { createTextObjects } from './text-objects.ts';

const environment = readEnvironment(httpEnvironmentSchema, process.env);
const client = createDocumentClient();
const { SPANSTREAM_RESULTS_TABLE: table, SPANSTREAM_INTAKE_BUCKET: bucket } = environment;

const names = resourceNames(environment.SPANSTREAM_ENVIRONMENT_NAME);
const s3 = s3AtFirstUse({
  maxAttempts: 2,
  forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
});
const getBatch = createGetBatch(client, table);

const deps: HttpDeps = {
  engine: await createTextEngine(engineOptionsOf(environment, import.meta.url)),
  writer: createResultsWriter({ putBatch: createPutBatch(client, table) }),
  reader: createResultsReader({ query: createQueryItems(client, table), getBatch }),
  readProfile: createReadProfile(client, names.metricsStateTable),
  options: resultOptionsOf(environment),
  intake: bucket === undefined ? undefined : createTextObjects(bucket, s3),
  cloudWatch: createCloudWatch(cloudWatchAtFirstUse({ maxAttempts: 2 })),
  failures: createParkedObjects(environment.SPANSTREAM_FAILURES_BUCKET, s3),
  getBatch,
  names,
  storeOnDemand: environment.SPANSTREAM_STORE_ON_DEMAND,
  log: createLogger({ level: environment.SPANSTREAM_LOG_LEVEL, name: 'http' }),
  now: Date.now,
};

/** Lambda behind API Gateway, and for direct invocation: the same models, the same code, on demand. */
export const handler = (event: unknown, context: Context): Promise<object> =>
  handleRequest(event, deps, () => context.getRemainingTimeInMillis());
