import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { isExpression, type MetricSignal } from '#shared/alarms/definition.ts';
import type { AlarmDefinition } from '#shared/alarms.ts';

const comparisons = {
  GreaterThanThreshold: ComparisonOperator.GREATER_THAN_THRESHOLD,
  GreaterThanOrEqualToThreshold: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  LessThanThreshold: ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

const missingData = {
  breaching: TreatMissingData.BREACHING,
  notBreaching: TreatMissingData.NOT_BREACHING,
  missing: TreatMissingData.MISSING,
  ignore: TreatMissingData.IGNORE,
} as const;

function plainMetric(signal: MetricSignal, period: Duration): Metric {
  return new Metric({
    namespace: signal.namespace,
    metricName: signal.metric,
    dimensionsMap: signal.dimensions,
    statistic: signal.statistic,
    period,
  });
}

/** The metric that a definition watches. */
function signalMetric({ signal, period: seconds }: AlarmDefinition): IMetric {
  const period = Duration.seconds(seconds);
  if (!isExpression(signal)) return plainMetric(signal, period);
  return new MathExpression({
    expression: signal.expression,
    label: signal.label,
    period,
    usingMetrics: Object.fromEntries(
      Object.entries(signal.metrics).map(([id, metric]) => [id, plainMetric(metric, period)]),
    ),
  });
}

/** The alarm that a definition describes. */
export function createAlarm(scope: Construct, definition: AlarmDefinition): Alarm {
  return new Alarm(scope, definition.id, {
    alarmName: definition.name,
    alarmDescription: definition.description,
    metric: signalMetric(definition),
    threshold: definition.threshold,
    evaluationPeriods: definition.evaluationPeriods,
    datapointsToAlarm: definition.datapointsToAlarm,
    comparisonOperator: comparisons[definition.comparison],
    treatMissingData: missingData[definition.treatMissingData],
  });
}
