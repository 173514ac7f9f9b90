import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { canaryEnvironmentSchema, readEnvironment } from '#shared/function-environment.ts';
import { createLogger } from '#shared/log.ts';
import { createDocumentClient } from '#shared/results-table/dynamodb-results.ts';
import { wait } from '#shared/retry.ts';
import { createPipeline } from './pipeline.ts';
import { type CanaryDeps, type CanaryReport, runCanary } from './run-canary.ts';

const environment = readEnvironment(canaryEnvironmentSchema, process.env);

const deps: CanaryDeps = {
  pipeline: createPipeline(
    {
      // HTTP/1.1: one call a run gains nothing by the client's HTTP/2, which emulators do not speak.
      kinesis: new KinesisClient({ requestHandler: new NodeHttpHandler() }),
      documents: createDocumentClient(),
      cloudWatch: new CloudWatchClient({}),
    },
    {
      stream: environment.SPANSTREAM_STREAM,
      resultsTable: environment.SPANSTREAM_RESULTS_TABLE,
      namespace: environment.SPANSTREAM_METRICS_NAMESPACE,
    },
  ),
  waitSeconds: environment.SPANSTREAM_CANARY_WAIT_SECONDS,
  language: environment.SPANSTREAM_DEFAULT_LANGUAGE,
  log: createLogger({ level: environment.SPANSTREAM_LOG_LEVEL, name: 'canary' }),
  now: Date.now,
  wait,
};

/** Lambda on a schedule: a probe through the whole pipeline, whatever the event holds. */
export const handler = (): Promise<CanaryReport> => runCanary(deps);
