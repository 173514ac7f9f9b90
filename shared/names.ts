/**
 * Names of the deployment's parts, the same on AWS and on a laptop. Two environments of one account and region share none of
 * them, the CloudWatch namespace included.
 */
export function resourceNames(environmentName: string) {
  const prefix = `spanstream-${environmentName}`;
  return {
    /** What every name of the deployment begins with. */
    prefix,
    stream: `${prefix}-text`,
    resultsTable: `${prefix}-results`,
    metricsStateTable: `${prefix}-counted`,
    failuresBucket: `${prefix}-failures`,
    intakeBucket: `${prefix}-intake`,
    consoleBucket: `${prefix}-console`,
    intakeQueue: `${prefix}-intake`,
    inferenceFunction: `${prefix}-inference`,
    metricsFunction: `${prefix}-metrics`,
    httpFunction: `${prefix}-http`,
    canaryFunction: `${prefix}-canary`,
    intakeFunction: `${prefix}-intake`,
    api: `${prefix}-api`,
    alarmTopic: `${prefix}-alarms`,
    dashboard: prefix,
    /** Stands for the mapping of the table's stream, which on AWS has a UUID. */
    metricsMapping: `${prefix}-metrics`,
    /** CloudWatch namespace of everything that the environment publishes. */
    metricsNamespace: `Spanstream/${environmentName}`,
  } as const;
}

/** Names of a deployment's parts. */
export type ResourceNames = ReturnType<typeof resourceNames>;

/** Stage of the API; its version is in its paths, as in `/live/v1/entities`. */
export const API_STAGE = 'live';

/** Source of the results of what was asked over HTTP. */
export const ON_DEMAND_SOURCE = 'http';

/** Request metrics of the failures bucket that count the batches which Lambda itself gave up. */
export const ABANDONED_BATCHES_FILTER = 'AbandonedBatches';

/** Where in the failures bucket Lambda puts the invocation records of batches that it gave up. */
export const ABANDONED_BATCHES_PREFIX = 'aws/lambda/';

/** Where in the intake bucket objects are put whose records go onto the stream. */
export const INBOX_PREFIX = 'inbox/';

/** Where in the intake bucket it is said how far an object of the inbox was read, and what came of it. */
export const REPORTS_PREFIX = 'reports/';

/** Index of the results table that serves a source's results, newest first. */
export const SOURCE_INDEX = 'bySource';

/** Slots that a source's results are spread over in the index, so that one busy source is no hot partition. */
export const SOURCE_INDEX_SLOTS = 8;
