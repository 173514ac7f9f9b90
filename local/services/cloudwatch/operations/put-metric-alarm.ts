import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { AlarmConfiguration } from '../alarms.ts';
import type { Operation } from '../context.ts';
import { parseExpression } from '../math/parse.ts';
import { dimensionsSchema, periodSchema, querySchema } from '../query.ts';
import { STATISTIC } from '../statistic.ts';

const actions = z.array(z.string().min(1).max(1024)).max(5).nullish();

const schema = z
  .object({
    AlarmName: z.string().min(1).max(255),
    AlarmDescription: z.string().max(1024).nullish(),
    ActionsEnabled: z.boolean().nullish(),
    AlarmActions: actions,
    OKActions: actions,
    InsufficientDataActions: actions,
    Namespace: z.string().min(1).max(255).nullish(),
    MetricName: z.string().min(1).max(255).nullish(),
    Dimensions: dimensionsSchema.nullish(),
    Statistic: z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']).nullish(),
    ExtendedStatistic: z.string().regex(STATISTIC, 'must be a percentile such as p99').nullish(),
    Period: periodSchema.nullish(),
    Unit: z.string().nullish(),
    EvaluationPeriods: z.int().min(1).max(1_440),
    DatapointsToAlarm: z.int().min(1).nullish(),
    Threshold: z.number(),
    ComparisonOperator: z.enum([
      'GreaterThanThreshold',
      'GreaterThanOrEqualToThreshold',
      'LessThanThreshold',
      'LessThanOrEqualToThreshold',
    ]),
    TreatMissingData: z.enum(['missing', 'ignore', 'breaching', 'notBreaching']).nullish(),
    Metrics: z.array(querySchema).min(1).max(20).nullish(),
  })
  .superRefine((alarm, check) => {
    const fault = (path: string, message: string) =>
      check.addIssue({ code: 'custom', path: [path], message });
    if (alarm.Metrics != null) {
      if (alarm.Metrics.filter((query) => query.ReturnData !== false).length !== 1) {
        fault('Metrics', 'exactly one must have ReturnData true');
      }
      if (alarm.MetricName != null) fault('MetricName', 'goes not together with Metrics');
    } else {
      for (const name of ['Namespace', 'MetricName', 'Period'] as const) {
        if (alarm[name] == null) fault(name, 'is required');
      }
      if ((alarm.Statistic == null) === (alarm.ExtendedStatistic == null)) {
        fault('Statistic', 'needs exactly one of Statistic and ExtendedStatistic');
      }
    }
    if ((alarm.DatapointsToAlarm ?? 1) > alarm.EvaluationPeriods) {
      fault('DatapointsToAlarm', 'must be at most EvaluationPeriods');
    }
  });

/** PutMetricAlarm; a new alarm starts as INSUFFICIENT_DATA, a changed one keeps its state. */
export const putMetricAlarm: Operation = async (context, input) => {
  const parsed = parseInput(schema, input, 'ValidationError');
  for (const query of parsed.Metrics ?? []) if (query.Expression) parseExpression(query.Expression);
  const configuration: AlarmConfiguration = {
    AlarmName: parsed.AlarmName,
    AlarmDescription: parsed.AlarmDescription ?? undefined,
    ActionsEnabled: parsed.ActionsEnabled ?? true,
    AlarmActions: parsed.AlarmActions ?? [],
    OKActions: parsed.OKActions ?? [],
    InsufficientDataActions: parsed.InsufficientDataActions ?? [],
    Namespace: parsed.Namespace ?? undefined,
    MetricName: parsed.MetricName ?? undefined,
    Dimensions: parsed.Dimensions ?? [],
    Statistic: parsed.Statistic ?? undefined,
    ExtendedStatistic: parsed.ExtendedStatistic ?? undefined,
    Period: parsed.Period ?? undefined,
    Unit: parsed.Unit ?? undefined,
    EvaluationPeriods: parsed.EvaluationPeriods,
    DatapointsToAlarm: parsed.DatapointsToAlarm ?? parsed.EvaluationPeriods,
    Threshold: parsed.Threshold,
    ComparisonOperator: parsed.ComparisonOperator,
    TreatMissingData: parsed.TreatMissingData ?? 'missing',
    Metrics: parsed.Metrics ?? undefined,
  };
  const at = context.now();
  const before = context.alarms.get(parsed.AlarmName);
  await context.commit(
    {
      alarm: {
        arn: `arn:aws:cloudwatch:${context.region}:000000000000:alarm:${parsed.AlarmName}`,
        state: before?.state ?? 'INSUFFICIENT_DATA',
        reason: before?.reason ?? 'Unchecked: Initial alarm creation',
        stateUpdatedAt: before?.stateUpdatedAt ?? at,
        stateChangedAt: before?.stateChangedAt ?? at,
        configuration,
        configuredAt: at,
      },
    },
    {
      history: {
        alarmName: parsed.AlarmName,
        at,
        type: 'ConfigurationUpdate',
        summary: `Alarm "${parsed.AlarmName}" ${before ? 'updated' : 'created'}`,
        data: JSON.stringify(configuration),
      },
    },
  );
  return {};
};
