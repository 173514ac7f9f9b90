/** List prices in us-east-1, in US dollars. */
const listPrices = {
  lambdaGigabyteSecond: 0.0000166667,
  lambdaRequest: 0.2 / 1e6,
  kinesisStreamHour: 0.04,
  kinesisShardHour: 0.015,
  kinesisGigabyteIn: 0.08,
  kinesisGigabyteOut: 0.04,
  dynamoWriteUnit: 0.625 / 1e6,
  dynamoReadUnit: 0.125 / 1e6,
  metricDataCall: 0.01 / 1e3,
  logGigabyte: 0.5,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  keyMonth: 1,
} as const;

/** List price of a read unit of the results table. */
export const readUnitUsd = listPrices.dynamoReadUnit;

const HOURS_A_MONTH = 730;

/** What a deployment and its texts are like. */
export interface Workload {
  /** Records of this size that one inference function finishes in a second. */
  readonly recordsPerSecond: number;
  readonly recordKilobytes: number;
  /** Size of a stored result, text and spans together, rounded up to a write unit each. */
  readonly resultKilobytes: number;
  /** Size of what the index by source keeps of a result. */
  readonly indexKilobytes: number;
  readonly inferenceMegabytes: number;
  readonly inferenceBatch: number;
  readonly metricsMegabytes: number;
  readonly metricsBatch: number;
  readonly metricsSecondsPerBatch: number;
  /** Records that arrive in a second on average: what the stream's hours are shared by. */
  readonly arrivalsPerSecond: number;
  readonly logKilobytesPerBatch: number;
}

/**
 * Cost of a million records by service, at list prices: function time (GB x seconds of a record), requests (one a batch),
 * Kinesis on demand (in, out, and the stream's hours shared by the arrivals), DynamoDB (what is written to table and index, and
 * one consistent read of whether the record was rejected before), calls to CloudWatch (one a batch of changes), logs. Lambda's
 * reads of a table's stream are free; what is paid by the month is in `usdPerIdleMonth`, save the stream's hours, which are in
 * both.
 */
export function usdPerMillionByService(workload: Workload) {
  const inferenceSeconds = (workload.inferenceMegabytes / 1024) * (1 / workload.recordsPerSecond);
  const metricsSeconds =
    ((workload.metricsMegabytes / 1024) * workload.metricsSecondsPerBatch) / workload.metricsBatch;
  const requests = 1 / workload.inferenceBatch + 1 / workload.metricsBatch;
  const gigabytes = Math.ceil(workload.recordKilobytes) / 1024 ** 2;
  const streamHours = 1 / workload.arrivalsPerSecond / 3600;
  const writes = Math.ceil(workload.resultKilobytes) + Math.ceil(workload.indexKilobytes);
  const logs = workload.logKilobytesPerBatch * requests;
  return {
    lambda:
      1e6 * (inferenceSeconds + metricsSeconds) * listPrices.lambdaGigabyteSecond +
      1e6 * requests * listPrices.lambdaRequest,
    kinesisData: 1e6 * gigabytes * (listPrices.kinesisGigabyteIn + listPrices.kinesisGigabyteOut),
    kinesisHours: 1e6 * streamHours * listPrices.kinesisStreamHour,
    dynamodb: 1e6 * (writes * listPrices.dynamoWriteUnit + listPrices.dynamoReadUnit),
    cloudWatch: (1e6 / workload.metricsBatch) * listPrices.metricDataCall,
    logs: ((1e6 * logs) / 1024 ** 2) * listPrices.logGigabyte,
  };
}

/** Cost of a million records over all services, at list prices. */
export function usdPerMillionRecords(workload: Workload): number {
  return Object.values(usdPerMillionByService(workload)).reduce((sum, usd) => sum + usd, 0);
}

/** What a probe of the canary takes, where CloudWatch shows a metric after a minute. */
const probe = {
  canaryGigabyteSeconds: 60 * (128 / 1024),
  /** Of the functions that it runs: models for a third of a second, counting for half of one. */
  pipelineGigabyteSeconds: 0.3 * (3_538 / 1024) + 0.5 * (256 / 1024),
  lambdaRequests: 3,
  /** Seven looks for its metric, and what it and the metrics function put. */
  metricCalls: 9,
} as const;

/** Cost of the canary in a month in which nothing else happens, by service, at list prices; without its alarm. */
export function usdPerCanaryMonth(everyMinutes: number) {
  const probes = (HOURS_A_MONTH * 60) / everyMinutes;
  const gigabyteSeconds = probe.canaryGigabyteSeconds + probe.pipelineGigabyteSeconds;
  return {
    metrics: 3 * listPrices.metricMonth,
    lambda:
      probes *
      (gigabyteSeconds * listPrices.lambdaGigabyteSecond +
        probe.lambdaRequests * listPrices.lambdaRequest),
    cloudWatch: probes * probe.metricCalls * listPrices.metricDataCall,
  };
}

/** What a deployment has that costs money by the month, used or not. */
export interface StandingCosts {
  /** 0 for a stream on demand. */
  readonly provisionedShards: number;
  /** Own metrics that are published in the month: billed by the hour, so that an idle one costs nothing. */
  readonly metrics: number;
  /** Metrics over all alarms: one each, more for metric math. */
  readonly alarmMetrics: number;
}

/** Cost of a month in which nothing happens, by service, at list prices. */
export function usdPerIdleMonth(standing: StandingCosts) {
  const streamHour =
    standing.provisionedShards === 0
      ? listPrices.kinesisStreamHour
      : standing.provisionedShards * listPrices.kinesisShardHour;
  return {
    kinesis: HOURS_A_MONTH * streamHour,
    metrics: standing.metrics * listPrices.metricMonth,
    alarms: standing.alarmMetrics * listPrices.alarmMonth,
    key: listPrices.keyMonth,
  };
}
