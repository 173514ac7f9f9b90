/** List prices in us-east-1, in US dollars. */
const listPrices = {
  lambdaGigabyteSecond: 0.0000166667,
  lambdaRequest: 0.2 / 1e6,
  kinesisStreamHour: 0.04,
  kinesisShardHour: 0.015,
  kinesisGigabyteIn: 0.08,
  kinesisGigabyteOut: 0.04,
  dynamoWriteUnit: 0.625 / 1e6,
  logGigabyte: 0.5,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  keyMonth: 1,
} as const;

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
 * Kinesis on demand (in, out, and the stream's hours shared by the arrivals), DynamoDB writes (table and index), logs. Lambda's
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
  const perRecord = {
    lambda:
      (inferenceSeconds + metricsSeconds) * listPrices.lambdaGigabyteSecond +
      requests * listPrices.lambdaRequest,
    kinesisData: gigabytes * (listPrices.kinesisGigabyteIn + listPrices.kinesisGigabyteOut),
    kinesisHours: streamHours * listPrices.kinesisStreamHour,
    dynamodb: writes * listPrices.dynamoWriteUnit,
    logs: (logs / 1024 ** 2) * listPrices.logGigabyte,
  };
  return {
    lambda: perRecord.lambda * 1e6,
    kinesisData: perRecord.kinesisData * 1e6,
    kinesisHours: perRecord.kinesisHours * 1e6,
    dynamodb: perRecord.dynamodb * 1e6,
    logs: perRecord.logs * 1e6,
  };
}

/** Cost of a million records over all services, at list prices. */
export function usdPerMillionRecords(workload: Workload): number {
  return Object.values(usdPerMillionByService(workload)).reduce((sum, usd) => sum + usd, 0);
}

/** What a deployment has that costs money by the month, used or not. */
export interface Standing {
  /** 0 for a stream on demand. */
  readonly provisionedShards: number;
  /** Own metrics that are published in the month: billed by the hour, so that an idle one costs nothing. */
  readonly metrics: number;
  /** Metrics over all alarms: one each, more for metric math. */
  readonly alarmMetrics: number;
}

/** Cost of a month in which nothing happens, by service, at list prices. */
export function usdPerIdleMonth(standing: Standing) {
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
