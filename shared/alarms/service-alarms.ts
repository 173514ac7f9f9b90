import { ABANDONED_BATCHES_FILTER, API_STAGE, SOURCE_INDEX } from '../names.ts';
import type { Settings } from '../settings.ts';
import {
  type AlarmDefinition,
  type AlarmDraft,
  type AlarmNames,
  atOnce,
  lasting,
  type MetricSignal,
  repeated,
  signal,
} from './definition.ts';

const lambda = signal('AWS/Lambda');
const dynamodb = signal('AWS/DynamoDB');
const api = signal('AWS/ApiGateway');

/** Alarms on what AWS itself counts: streams, functions, tables, the API. */
export function serviceAlarms(settings: Settings, names: AlarmNames): AlarmDraft[] {
  return [
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
    ...(settings.intake.enabled ? intakeAlarms(settings, names) : []),
  ];
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

/** What goes wrong with objects of the inbox. */
function intakeAlarms({ alarms }: Settings, names: AlarmNames): AlarmDraft[] {
  return [
    {
      id: 'intake-errors',
      severity: 'warning',
      description: 'An object of the inbox cannot be read, or the intake function fails.',
      signal: lambda('Errors', 'Sum', { FunctionName: names.intakeFunction }),
      ...atOnce,
    },
    {
      id: 'intake-waits',
      severity: 'critical',
      description: `Objects of the inbox wait more than ${alarms.intakeWaitSeconds} s to be read.`,
      signal: signal('AWS/SQS')('ApproximateAgeOfOldestMessage', 'Maximum', {
        QueueName: names.intakeQueue,
      }),
      ...repeated,
      threshold: alarms.intakeWaitSeconds,
    },
  ];
}
