import { metricNames } from '#shared/metric-names.ts';
import { ABANDONED_BATCHES_FILTER } from '#shared/names.ts';
import type { Settings } from '#shared/settings.ts';
import { type AlarmDraft, type AlarmNames, atOnce, lasting, signals } from './draft.ts';
import { iteratorAgeAlarm } from './function-alarms.ts';

/** What goes wrong with records between the producer and the table. */
export function streamAlarms(settings: Settings, names: AlarmNames): AlarmDraft[] {
  return [
    iteratorAgeAlarm('inference', names.inferenceFunction, settings.alarms.iteratorAgeSeconds),
    iteratorAgeAlarm('metrics', names.metricsFunction, settings.alarms.iteratorAgeSeconds),
    {
      id: 'stream-write-throttles',
      severity: 'warning',
      description: 'Producers are refused by the stream: they retry, but it needs more shards.',
      signal: signals.kinesis('WriteProvisionedThroughputExceeded', 'Sum', {
        StreamName: names.stream,
      }),
      ...lasting,
      threshold: 1,
    },
    {
      id: 'failure-delivery-errors',
      severity: 'critical',
      description:
        'Lambda gave up a batch and could not write it to the failures bucket: replay from the stream before it expires.',
      signal: signals.lambda('DestinationDeliveryFailures', 'Sum', {
        FunctionName: names.inferenceFunction,
      }),
      ...atOnce,
      threshold: 1,
    },
    {
      id: 'abandoned-batches',
      severity: 'critical',
      description:
        'Lambda gave up a batch after all retries and left it in the failures bucket: mend the cause, then redrive.',
      signal: signals.s3('PutRequests', 'Sum', {
        BucketName: names.failuresBucket,
        FilterId: ABANDONED_BATCHES_FILTER,
      }),
      ...atOnce,
      threshold: 1,
    },
    {
      id: 'rejected-records',
      severity: 'warning',
      description:
        'Records were parked in the failures bucket: the reasons are in the metric RecordsRejected by Reason.',
      signal: signals.own(metricNames.recordsRejected, 'Sum'),
      ...atOnce,
      threshold: settings.alarms.rejectedRecords,
    },
  ];
}

/** Reads and writes that a table refuses. */
export function tableAlarm(id: string, tableName: string): AlarmDraft {
  return {
    id: `${id}-throttles`,
    severity: 'warning',
    description: `DynamoDB throttles ${tableName}: look for a hot key, or a limit of the account.`,
    signal: {
      expression: 'FILL(reads, 0) + FILL(writes, 0)',
      label: 'Throttled reads and writes',
      metrics: {
        reads: signals.dynamodb('ReadThrottleEvents', 'Sum', { TableName: tableName }),
        writes: signals.dynamodb('WriteThrottleEvents', 'Sum', { TableName: tableName }),
      },
    },
    ...lasting,
    threshold: 1,
  };
}
