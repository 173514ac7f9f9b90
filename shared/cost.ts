import { isExpression } from './alarms/definition.ts';
import { alarmDefinitions } from './alarms.ts';
import { resourceNames } from './names.ts';
import type { Settings } from './settings.ts';

/** List prices in us-east-1, in US dollars. */
const listPrices = {
  lambdaGigabyteSecond: { x86_64: 0.0000166667, arm64: 0.0000133334 },
  lambdaRequest: 0.2 / 1e6,
  kinesisStreamHour: 0.04,
  kinesisShardHour: 0.015,
  kinesisGigabyteIn: 0.08,
  kinesisGigabyteOut: 0.04,
  /** Of at most 25 KB, to a provisioned stream. */
  kinesisPutUnit: 0.014 / 1e6,
  dynamoWriteUnit: 0.625 / 1e6,
  dynamoReadUnit: 0.125 / 1e6,
  metricDataCall: 0.01 / 1e3,
  logGigabyte: 0.5,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  keyMonth: 1,
  queueRequest: 0.4 / 1e6,
  imageGigabyteMonth: 0.1,
} as const;

/** List price of a read unit of the results table. */
export const readUnitUsd = listPrices.dynamoReadUnit;

const HOURS_A_MONTH = 730;
/** Text that one inference function of the default memory reads in a second, with the bundled models, in KB. */
export const TEXT_KILOBYTES_A_SECOND = 25;
const MEASURED_MEGABYTES = 3_538;
/** Of a result beside its text. */
const SPANS_KILOBYTES = 1.5;
const INDEX_KILOBYTES = 0.25;
const KILOBYTES_A_GIGABYTE = 1024 ** 2;
/** What a shard takes in a second. */
const SHARD = { records: 1_000, kilobytes: 1_024 };
const SHARDS_ON_DEMAND = 4;
const PUT_UNIT_KILOBYTES = 25;
/** What the metrics function takes: for a batch it waits for its calls, and has work of its own; results of a kilobyte of text. */
const COUNTING = {
  waitSeconds: 0.065,
  processorSecondsPerBatch: 0.0065,
  recordsPerProcessorSecond: 12_500,
};
/** Memory with which a function has a whole processor; one thread has no use for more. */
const MEGABYTES_A_PROCESSOR = 1_769;
/** Units that counting once takes: of writes at least the first, and not under the second divided by the arrivals in a second. */
const COUNTING_UNITS = { writes: 0.035, writesPerSecond: 0.9, reads: 0.05 };
/** Own metrics of a busy month. */
const OWN_METRICS = 30;
/** Polls of the inbox's queue by Lambda. */
const POLLS_A_MONTH = 650_000;
/** The base of Lambda and what is beyond it, packed. */
const IMAGE_GIGABYTES = 0.25;

/** What a deployment and its texts are like. */
export interface Workload {
  readonly architecture: Settings['architecture'];
  readonly streamMode: Settings['stream']['mode'];
  /** Shards that are paid for, where provisioned. */
  readonly shards: number;
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

/** What is known of the texts of a stream. */
export interface Texts {
  /** Records that arrive in a second on average. */
  readonly arrivalsPerSecond: number;
  readonly recordKilobytes: number;
  readonly resultKilobytes?: number;
  /** What the models read of a record: its text, once more for each question. */
  readonly readKilobytes?: number;
  /** What a function of the default memory reads in a second. */
  readonly kilobytesPerSecond?: number;
}

/** What a deployment by these settings does with such texts: batches as full as the arrivals fill them in a batching window. */
export function workloadOf(settings: Settings, texts: Texts): Workload {
  const { architecture, stream, inference, metrics } = settings;
  const { arrivalsPerSecond, recordKilobytes } = texts;
  const shards =
    stream.mode === 'provisioned'
      ? stream.shards
      : Math.max(
          SHARDS_ON_DEMAND,
          Math.ceil(arrivalsPerSecond / SHARD.records),
          Math.ceil((arrivalsPerSecond * recordKilobytes) / SHARD.kilobytes),
        );
  const resultKilobytes = texts.resultKilobytes ?? recordKilobytes + SPANS_KILOBYTES;
  const metricsBatch = filled(metrics.mapping, arrivalsPerSecond);
  const speed = texts.kilobytesPerSecond ?? TEXT_KILOBYTES_A_SECOND;
  return {
    ...{ architecture, shards, recordKilobytes, resultKilobytes, arrivalsPerSecond, metricsBatch },
    streamMode: stream.mode,
    // Lambda gives processor by memory.
    recordsPerSecond:
      (speed * (inference.memoryMb / MEASURED_MEGABYTES)) /
      (texts.readKilobytes ?? recordKilobytes),
    indexKilobytes: INDEX_KILOBYTES,
    inferenceMegabytes: inference.memoryMb,
    inferenceBatch: filled(inference.mapping, arrivalsPerSecond / shards),
    metricsMegabytes: metrics.memoryMb,
    metricsSecondsPerBatch: countingSeconds(metricsBatch, metrics.memoryMb),
    logKilobytesPerBatch: 1,
  };
}

/** How long the metrics function takes for a batch. */
function countingSeconds(records: number, megabytes: number): number {
  const { waitSeconds, processorSecondsPerBatch, recordsPerProcessorSecond } = COUNTING;
  const processorSeconds = processorSecondsPerBatch + records / recordsPerProcessorSecond;
  return waitSeconds + processorSeconds * Math.max(1, MEGABYTES_A_PROCESSOR / megabytes);
}

/** Records of a batch that a mapping is given at so many arrivals a second. */
const filled = (mapping: Settings['inference']['mapping'], arrivalsPerSecond: number): number =>
  Math.min(mapping.batchSize, Math.max(1, arrivalsPerSecond * mapping.batchingWindowSeconds));

/**
 * Cost of a million records by service, at list prices: function time (GB x seconds of a record), requests (one a batch),
 * Kinesis (in, out, and the stream's hours shared by the arrivals), DynamoDB (what is written to table and index, and one
 * consistent read of whether the record was rejected before), counting each once, calls to CloudWatch (one a batch of changes),
 * logs. Lambda's reads of a table's stream are free; what is paid by the month is in `usdPerIdleMonth`, save the stream's hours,
 * which are in both.
 */
export function usdPerMillionByService(workload: Workload) {
  const { arrivalsPerSecond, recordKilobytes } = workload;
  const inferenceSeconds = (workload.inferenceMegabytes / 1024) * (1 / workload.recordsPerSecond);
  const metricsSeconds =
    ((workload.metricsMegabytes / 1024) * workload.metricsSecondsPerBatch) / workload.metricsBatch;
  const requests = 1 / workload.inferenceBatch + 1 / workload.metricsBatch;
  const isProvisioned = workload.streamMode === 'provisioned';
  const gigabytes = Math.ceil(recordKilobytes) / KILOBYTES_A_GIGABYTE;
  const kinesisData = isProvisioned
    ? Math.ceil(recordKilobytes / PUT_UNIT_KILOBYTES) * listPrices.kinesisPutUnit
    : gigabytes * (listPrices.kinesisGigabyteIn + listPrices.kinesisGigabyteOut);
  const streamHours = 1 / arrivalsPerSecond / 3600;
  const writes = Math.ceil(workload.resultKilobytes) + Math.ceil(workload.indexKilobytes);
  const { writesPerSecond, ...least } = COUNTING_UNITS;
  const countingWrites = Math.max(least.writes, writesPerSecond / arrivalsPerSecond);
  const logs = workload.logKilobytesPerBatch * requests;
  return {
    lambda:
      1e6 *
        (inferenceSeconds + metricsSeconds) *
        listPrices.lambdaGigabyteSecond[workload.architecture] +
      1e6 * requests * listPrices.lambdaRequest,
    kinesisData: 1e6 * kinesisData,
    kinesisHours: 1e6 * streamHours * streamHourUsd(workload),
    dynamodb: 1e6 * (writes * listPrices.dynamoWriteUnit + listPrices.dynamoReadUnit),
    counting:
      1e6 * (countingWrites * listPrices.dynamoWriteUnit + least.reads * listPrices.dynamoReadUnit),
    cloudWatch: (1e6 / workload.metricsBatch) * listPrices.metricDataCall,
    logs: ((1e6 * logs) / KILOBYTES_A_GIGABYTE) * listPrices.logGigabyte,
  };
}

const streamHourUsd = ({ streamMode, shards }: Pick<Workload, 'streamMode' | 'shards'>): number =>
  streamMode === 'provisioned'
    ? shards * listPrices.kinesisShardHour
    : listPrices.kinesisStreamHour;

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
      (gigabyteSeconds * listPrices.lambdaGigabyteSecond.x86_64 +
        probe.lambdaRequests * listPrices.lambdaRequest),
    cloudWatch: probes * probe.metricCalls * listPrices.metricDataCall,
  };
}

/** Cost of a month in which nothing happens, by service, at list prices. */
export function usdPerIdleMonth(settings: Settings) {
  const { stream, canary, intake, inference, environmentName } = settings;
  const alarmMetrics = alarmDefinitions(settings, resourceNames(environmentName)).reduce(
    (sum, { signal }) => sum + (isExpression(signal) ? Object.keys(signal.metrics).length : 1),
    0,
  );
  const probes = Object.values(usdPerCanaryMonth(canary.everyMinutes));
  return {
    kinesis: HOURS_A_MONTH * streamHourUsd({ streamMode: stream.mode, shards: stream.shards }),
    alarms: alarmMetrics * listPrices.alarmMonth,
    queue: intake.enabled ? POLLS_A_MONTH * listPrices.queueRequest : 0,
    key: listPrices.keyMonth,
    canary: canary.everyMinutes > 0 ? probes.reduce((sum, usd) => sum + usd, 0) : 0,
    image: inference.package === 'image' ? IMAGE_GIGABYTES * listPrices.imageGigabyteMonth : 0,
  };
}

/** Cost of a month by service, in which texts arrive day and night, at list prices. */
export function usdPerMonth(settings: Settings, texts: Texts) {
  const { kinesis, key, ...idle } = usdPerIdleMonth(settings);
  const { kinesisHours: _, ...usd } = usdPerMillionByService(workloadOf(settings, texts));
  const millions = recordsPerMonth(texts) / 1e6;
  const ofRecords = Object.entries(usd).map(([service, each]) => [service, each * millions]);
  return {
    ...(Object.fromEntries(ofRecords) as typeof usd),
    kinesisHours: kinesis,
    metrics: OWN_METRICS * listPrices.metricMonth,
    ...idle,
    key,
  };
}

/** Records of a month. */
export const recordsPerMonth = ({ arrivalsPerSecond }: Texts): number =>
  arrivalsPerSecond * HOURS_A_MONTH * 3_600;
