import type { Dimension, PutMetricAlarmCommandInput, Statistic } from '@aws-sdk/client-cloudwatch';
import { type AlarmDefinition, isExpression, type MetricSignal } from './definition.ts';

const plainStatistics = new Set<string>(['Sum', 'Average', 'Maximum', 'Minimum', 'SampleCount']);

function isPlain(statistic: string): statistic is Statistic {
  return plainStatistics.has(statistic);
}

function dimensionsOf(signal: MetricSignal): Dimension[] {
  return Object.entries(signal.dimensions).map(([Name, Value]) => ({ Name, Value }));
}

function signalInput(definition: AlarmDefinition): Partial<PutMetricAlarmCommandInput> {
  const { signal, period } = definition;
  if (!isExpression(signal)) {
    return {
      Namespace: signal.namespace,
      MetricName: signal.metric,
      Dimensions: dimensionsOf(signal),
      Period: period,
      ...(isPlain(signal.statistic)
        ? { Statistic: signal.statistic }
        : { ExtendedStatistic: signal.statistic }),
    };
  }
  const metrics = Object.entries(signal.metrics).map(([id, metric]) => ({
    Id: id,
    ReturnData: false,
    MetricStat: {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.metric,
        Dimensions: dimensionsOf(metric),
      },
      Period: period,
      Stat: metric.statistic,
    },
  }));
  return {
    Metrics: [
      {
        Id: 'result',
        Expression: signal.expression,
        Label: signal.label,
        Period: period,
        ReturnData: true,
      },
      ...metrics,
    ],
  };
}

/** What PutMetricAlarm takes to make this alarm; `actions` are the ARNs told of ALARM and OK. */
export function putMetricAlarmInput(
  definition: AlarmDefinition,
  actions: readonly string[] = [],
): PutMetricAlarmCommandInput {
  return {
    AlarmName: definition.name,
    AlarmDescription: definition.description,
    ...signalInput(definition),
    EvaluationPeriods: definition.evaluationPeriods,
    DatapointsToAlarm: definition.datapointsToAlarm,
    Threshold: definition.threshold,
    ComparisonOperator: definition.comparison,
    TreatMissingData: definition.treatMissingData,
    ActionsEnabled: actions.length > 0,
    AlarmActions: [...actions],
    OKActions: [...actions],
  };
}
