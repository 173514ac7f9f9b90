import type { AlarmDefinition, MetricSignal } from './alarms/definition.ts';
import { metricNames } from './metric-names.ts';
import { ABANDONED_BATCHES_FILTER, API_STAGE, type ResourceNames, SOURCE_INDEX } from './names.ts';
import type { Settings } from './settings.ts';

export {
  type AlarmDefinition,
  isExpression,
  type MetricSignal,
  putMetricAlarmInput,
} from './alarms/definition.ts';

/** Names as alarms need them: on AWS those of the failures bucket and of a mapping are known only once they are made. */
export type AlarmNames = { readonly [Name in keyof ResourceNames]: string };

/** An alarm before its name; by default it is raised at or over the threshold, and missing data is good news. */
type AlarmDraft = Omit<AlarmDefinition, 'name' | 'comparison' | 'treatMissingData'> &
  Partial<Pick<AlarmDefinition, 'comparison' | 'treatMissingData'>>;

const FIVE_MINUTES = 300;
/** One bad period is enough. */
const atOnce = { period: FIVE_MINUTES, evaluationPeriods: 1, datapointsToAlarm: 1, threshold: 1 };
/** Two bad periods of three: what Lambda or the SDK retries by itself passes unseen. */
const repeated = { period: FIVE_MINUTES, evaluationPeriods: 3, datapointsToAlarm: 2, threshold: 1 };
/** A quarter of an hour without a good period. */
const lasting = { period: FIVE_MINUTES, evaluationPeriods: 3, datapointsToAlarm: 3, threshold: 1 };
/** Three bad quarters of an hour of four, over the threshold. */
const shared = {
  period: 3 * FIVE_MINUTES,
  evaluationPeriods: 4,
  datapointsToAlarm: 3,
  comparison: 'GreaterThanThreshold',
} as const;

const signal =
  (namespace: string) =>
  (
    metric: string,
    statistic: string,
    dimensions: MetricSignal['dimensions'] = {},
  ): MetricSignal => ({
    namespace,
    metric,
    statistic,
    dimensions,
  });
const lambda = signal('AWS/Lambda');
const dynamodb = signal('AWS/DynamoDB');
const api = signal('AWS/ApiGateway');

/** Every alarm of a deployment. Used alike by the stacks and by the local stack. */
export function alarmDefinitions(settings: Settings, names: AlarmNames): AlarmDefinition[] {
  const drafts = [
    ...streamAlarms(settings, names),
    ...functionAlarms('inference', names.inferenceFunction, settings),
    ...functionAlarms('metrics', names.metricsFunction, settings),
    ...functionAlarms('http', names.httpFunction, settings),
    // The metrics function has no throttle alarm: its reserved concurrency makes the mapping wait its turn by design.
    throttleAlarm('inference', names.inferenceFunction, 'warning'),
    throttleAlarm('http', names.httpFunction, 'critical'),
    tableAlarm('results-table', names.resultsTable, [SOURCE_INDEX]),
    tableAlarm('metrics-state-table', names.metricsStateTable, []),
    ...apiAlarms(settings, names),
    ...ownAlarms(settings, names),
  ];
  return drafts.map((draft) => ({
    comparison: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'notBreaching',
    ...draft,
    name: `${names.prefix}-${draft.id}`,
    description: `${draft.severity}: ${draft.description} Runbook: ${settings.alarms.runbook}#${draft.id}`,
  }));
}

/** What goes wrong with records between the producer and the table, and with changes behind it. */
function streamAlarms(settings: Settings, names: AlarmNames): AlarmDraft[] {
  const seconds = settings.alarms.iteratorAgeSeconds;
  const iteratorAge = (part: 'inference' | 'metrics', FunctionName: string): AlarmDraft => ({
    id: `${part}-iterator-age`,
    severity: 'critical',
    description: `Records wait more than ${seconds} s for the ${part} function: it fails, is throttled, or is too slow.`,
    signal: lambda('IteratorAge', 'Maximum', { FunctionName }),
    ...repeated,
    threshold: seconds * 1_000,
  });
  const undelivered = (FunctionName: string) =>
    lambda('DestinationDeliveryFailures', 'Sum', { FunctionName });
  return [
    iteratorAge('inference', names.inferenceFunction),
    iteratorAge('metrics', names.metricsFunction),
    {
      id: 'stream-write-throttles',
      severity: 'warning',
      description: 'Producers are refused by the stream: they retry, but it needs more shards.',
      signal: signal('AWS/Kinesis')('WriteProvisionedThroughputExceeded', 'Sum', {
        StreamName: names.stream,
      }),
      ...lasting,
    },
    {
      id: 'abandoned-batches',
      severity: 'critical',
      description: 'Lambda gave up a batch after all retries and left it in the failures bucket.',
      signal: signal('AWS/S3')('PutRequests', 'Sum', {
        BucketName: names.failuresBucket,
        FilterId: ABANDONED_BATCHES_FILTER,
      }),
      ...atOnce,
    },
    {
      id: 'metrics-batches-abandoned',
      severity: 'critical',
      description: 'Lambda gave up a batch of changes: its results are stored, and not counted.',
      signal: lambda('OnFailureDestinationDeliveredEventCount', 'Sum', {
        EventSourceMappingUUID: names.metricsMapping,
      }),
      ...atOnce,
    },
    {
      id: 'failure-delivery-errors',
      severity: 'critical',
      description: 'Lambda gave up a batch and could not write it to the failures bucket.',
      signal: {
        expression: 'FILL(inference, 0) + FILL(metrics, 0)',
        label: 'Batches lost on their way to the bucket',
        metrics: {
          inference: undelivered(names.inferenceFunction),
          metrics: undelivered(names.metricsFunction),
        },
      },
      ...atOnce,
    },
  ];
}

/** Errors and nearness to the time-out of one function. */
function functionAlarms(
  part: 'inference' | 'metrics' | 'http',
  FunctionName: string,
  settings: Settings,
): AlarmDraft[] {
  const { timeoutSeconds } = settings[part];
  return [
    {
      id: `${part}-errors`,
      severity: 'critical',
      description: `The ${part} function fails again and again.`,
      signal: lambda('Errors', 'Sum', { FunctionName }),
      ...repeated,
    },
    {
      id: `${part}-duration`,
      severity: 'warning',
      description: `The ${part} function nears its time-out of ${timeoutSeconds} s.`,
      signal: lambda('Duration', 'Maximum', { FunctionName }),
      ...repeated,
      threshold: Math.round(timeoutSeconds * 1_000 * settings.alarms.durationShare),
    },
  ];
}

/** Invocations that Lambda refuses. */
function throttleAlarm(
  part: 'inference' | 'http',
  FunctionName: string,
  severity: AlarmDefinition['severity'],
): AlarmDraft {
  return {
    id: `${part}-throttles`,
    severity,
    description: `Lambda refuses to run the ${part} function: its reserved concurrency or the account's limit is reached.`,
    signal: lambda('Throttles', 'Sum', { FunctionName }),
    ...lasting,
  };
}

/** Reads and writes that a table or one of its indexes refuses: DynamoDB counts an index's under its own name only. */
function tableAlarm(id: string, TableName: string, indexes: readonly string[]): AlarmDraft {
  const throttled = [{}, ...indexes.map((index) => ({ GlobalSecondaryIndexName: index }))].flatMap(
    (index, at) =>
      ['Read', 'Write'].map((kind): [string, MetricSignal] => [
        `${kind.toLowerCase()}s${at || ''}`,
        dynamodb(`${kind}ThrottleEvents`, 'Sum', { TableName, ...index }),
      ]),
  );
  return {
    id: `${id}-throttles`,
    severity: 'warning',
    description: `DynamoDB throttles ${TableName}${indexes.length > 0 ? ' or its index' : ''}.`,
    signal: {
      expression: throttled.map(([metric]) => `FILL(${metric}, 0)`).join(' + '),
      label: 'Throttled reads and writes',
      metrics: Object.fromEntries(throttled),
    },
    ...lasting,
  };
}

/** What the clients of the API notice. */
function apiAlarms({ alarms }: Settings, names: AlarmNames): AlarmDraft[] {
  const dimensions = { ApiName: names.api, Stage: API_STAGE };
  return [
    {
      id: 'api-errors',
      severity: 'critical',
      description: 'Clients of the API get 5xx answers.',
      signal: api('5XXError', 'Average', dimensions),
      ...repeated,
      threshold: alarms.apiErrorShare,
    },
    {
      id: 'api-latency',
      severity: 'warning',
      description: `One call of the API in twenty takes more than ${alarms.apiLatencyMs} ms.`,
      signal: api('Latency', 'p95', dimensions),
      ...lasting,
      threshold: alarms.apiLatencyMs,
    },
  ];
}

/** What the deployment says of itself: its results, its silence, its logs, its counting. */
function ownAlarms({ alarms }: Settings, names: AlarmNames): AlarmDraft[] {
  const own = signal(names.metricsNamespace);
  const { lowConfidenceShare, unansweredShare, silenceMinutes } = alarms;
  // Short periods, all of them empty: one record ends the silence within minutes.
  const silencePeriod = silenceMinutes % 5 === 0 ? FIVE_MINUTES : 60;
  const silentPeriods = (silenceMinutes * 60) / silencePeriod;
  const silence: AlarmDraft = {
    id: 'silence',
    severity: 'critical',
    description: `The stream brought nothing for ${silenceMinutes} minutes: no producer writes, or nothing reads.`,
    signal: own(metricNames.recordsStreamed, 'Sum'),
    period: silencePeriod,
    evaluationPeriods: silentPeriods,
    datapointsToAlarm: silentPeriods,
    threshold: 1,
    comparison: 'LessThanThreshold',
    treatMissingData: 'breaching',
  };
  return [
    {
      id: 'rejected-records',
      severity: 'warning',
      description: 'Records were parked in the failures bucket.',
      signal: own(metricNames.recordsRejected, 'Sum'),
      ...atOnce,
      threshold: alarms.rejectedRecords,
    },
    {
      id: 'low-confidence-share',
      severity: 'warning',
      description: `More than ${percent(lowConfidenceShare)} of results are of low confidence.`,
      signal: own(metricNames.lowConfidenceShare, 'Average'),
      ...shared,
      threshold: lowConfidenceShare,
    },
    {
      id: 'unanswered-share',
      severity: 'warning',
      description: `More than ${percent(unansweredShare)} of questions find no answer.`,
      signal: {
        expression: 'FILL(unanswered, 0) / (FILL(unanswered, 0) + FILL(answered, 0))',
        label: 'Unanswered share',
        metrics: {
          answered: own(metricNames.questionsAnswered, 'Sum'),
          unanswered: own(metricNames.questionsUnanswered, 'Sum'),
        },
      },
      ...shared,
      threshold: unansweredShare,
    },
    {
      id: 'errors-logged',
      severity: 'critical',
      description:
        'A function that runs models logged an error: its engine is ill, or it cannot write.',
      signal: own(metricNames.errorsLogged, 'Sum'),
      ...repeated,
    },
    {
      id: 'items-ignored',
      severity: 'warning',
      description: 'The results table holds items that are not counted.',
      signal: own(metricNames.itemsIgnored, 'Sum'),
      ...atOnce,
    },
    {
      id: 'metric-data-refused',
      severity: 'warning',
      description:
        'CloudWatch refused metric data, which were dropped so that the others could go on.',
      signal: own(metricNames.dataRefused, 'Sum'),
      ...atOnce,
    },
    ...(silenceMinutes > 0 ? [silence] : []),
  ];
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;
