import { ServiceError } from '../../service-error.ts';
import type { Context, Operation } from '../context.ts';
import { deleteAlarms } from './delete-alarms.ts';
import { describeAlarmHistory } from './describe-alarm-history.ts';
import { describeAlarms } from './describe-alarms.ts';
import { getMetricData } from './get-metric-data.ts';
import { getMetricStatistics } from './get-metric-statistics.ts';
import { listMetrics } from './list-metrics.ts';
import { putMetricAlarm } from './put-metric-alarm.ts';
import { putMetricData } from './put-metric-data.ts';
import { setAlarmState } from './set-alarm-state.ts';

const operations = new Map<string, Operation>([
  ['DeleteAlarms', deleteAlarms],
  ['DescribeAlarmHistory', describeAlarmHistory],
  ['DescribeAlarms', describeAlarms],
  ['GetMetricData', getMetricData],
  ['GetMetricStatistics', getMetricStatistics],
  ['ListMetrics', listMetrics],
  ['PutMetricAlarm', putMetricAlarm],
  ['PutMetricData', putMetricData],
  ['SetAlarmState', setAlarmState],
]);

/** Runs an operation of the service. */
export async function runOperation(
  context: Context,
  call: { service: string; operation: string; input: unknown },
): Promise<unknown> {
  const operation =
    call.service === 'GraniteServiceVersion20100801' ? operations.get(call.operation) : undefined;
  if (operation === undefined) {
    throw new ServiceError(
      'com.amazon.coral.service#UnknownOperationException',
      `${call.service}.${call.operation} is not an operation of this service`,
    );
  }
  return operation(context, call.input);
}
