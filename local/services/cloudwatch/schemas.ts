import * as z from 'zod';
import { listOf } from '../operations.ts';

/** Every unit, in the order in which CloudWatch chooses where a query names none and the data have several. */
// biome-ignore format: a list to be read as one
export const UNITS = [
  'Megabits', 'Terabits', 'Gigabits', 'Count', 'Bytes', 'Gigabytes', 'Gigabytes/Second', 'Kilobytes',
  'Kilobits/Second', 'Terabytes', 'Terabits/Second', 'Bytes/Second', 'Percent', 'Megabytes', 'Megabits/Second',
  'Milliseconds', 'Microseconds', 'Kilobytes/Second', 'Gigabits/Second', 'Megabytes/Second', 'Bits', 'Bits/Second',
  'Count/Second', 'Seconds', 'Kilobits', 'Terabytes/Second', 'None',
] as const;

const DAY_SECONDS = 86_400;

/** A namespace, a metric's name or an alarm's. */
export const nameSchema = z.string().min(1).max(255);
/** Unit of a metric. */
export const unitSchema = z.enum(UNITS);
/** Period in seconds. */
export const periodSchema = z
  .int()
  .max(31_536_000)
  .refine((n) => [1, 5, 10, 20, 30].includes(n) || (n >= 60 && n % 60 === 0), {
    error: 'must be 1, 5, 10, 20, 30 or a multiple of 60',
  });
/** A statistic that is no percentile. */
export const statisticSchema = z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']);
/** A percentile, such as `p99.9`. */
export const percentileSchema = z
  .string()
  .regex(/^p(\d{1,2}(\.\d{1,10})?|100)$/, 'must be a percentile such as p99');

/** Dimensions of a metric; none when left out. */
export const dimensionsSchema = z
  .array(z.object({ Name: z.string().min(1).max(255), Value: z.string().min(1).max(1024) }))
  .max(30)
  .default([]);
/** What names a metric. */
export const metricSchema = z.object({
  Namespace: nameSchema,
  MetricName: nameSchema,
  Dimensions: dimensionsSchema,
});
/** What names a metric. */
export type MetricName = z.output<typeof metricSchema>;

const countSchema = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const valueSchema = z
  .number()
  .min(-(2 ** 360))
  .max(2 ** 360);

const datumSchema = z
  .object({
    MetricName: nameSchema,
    Dimensions: dimensionsSchema,
    Timestamp: z.number().optional(),
    Value: valueSchema.optional(),
    Values: listOf(valueSchema, 150, 1).optional(),
    Counts: listOf(countSchema, 150).optional(),
    StatisticValues: z
      .object({
        SampleCount: countSchema,
        Sum: valueSchema,
        Minimum: valueSchema,
        Maximum: valueSchema,
      })
      .optional(),
    Unit: unitSchema.default('None'),
    StorageResolution: z.literal([1, 60]).default(60),
  })
  .refine((d) => (d.Value ?? d.Values ?? d.StatisticValues) !== undefined, {
    error: 'needs Value, Values or StatisticValues',
  })
  .refine((d) => d.Counts === undefined || d.Counts.length === d.Values?.length, {
    error: 'must be as many as Values',
    path: ['Counts'],
  });

/** Data of one namespace, as PutMetricData takes them. */
export const metricDataSchema = z.object({
  Namespace: nameSchema,
  MetricData: listOf(datumSchema, 1_000),
});

/** One query of GetMetricData or of a metric math alarm. */
export const querySchema = z
  .object({
    Id: z.string().regex(/^[a-z][A-Za-z0-9_]{0,254}$/, 'must start with a lower-case letter'),
    MetricStat: z
      .object({
        Metric: metricSchema,
        Period: periodSchema,
        Stat: z.union([statisticSchema, percentileSchema], {
          error: 'is not a statistic that the local CloudWatch knows',
        }),
        Unit: unitSchema.optional(),
      })
      .optional(),
    Expression: z.string().min(1).max(2048).optional(),
    Period: periodSchema.optional(),
    Label: z.string().optional(),
    ReturnData: z.boolean().default(true),
  })
  .refine((query) => (query.MetricStat === undefined) !== (query.Expression === undefined), {
    error: 'needs either MetricStat or Expression',
  });
/** One query of GetMetricData or of a metric math alarm. */
export type Query = z.output<typeof querySchema>;

/** The longest period among some queries, in seconds; a minute where none has any. */
export function longestPeriod(queries: readonly Query[]): number {
  const periods = queries.map(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 0);
  return Math.max(...periods) || 60;
}

/** State of an alarm. */
export const stateSchema = z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']);

const actionsSchema = z.array(z.string().min(1).max(1024)).max(5).default([]);

/** An alarm as PutMetricAlarm takes it: on a metric, or on metric math. */
export const alarmSchema = z
  .object({
    AlarmName: nameSchema,
    AlarmDescription: z.string().max(1024).optional(),
    ActionsEnabled: z.boolean().default(true),
    AlarmActions: actionsSchema,
    OKActions: actionsSchema,
    InsufficientDataActions: actionsSchema,
    ...metricSchema.partial({ Namespace: true, MetricName: true }).shape,
    Statistic: statisticSchema.optional(),
    ExtendedStatistic: percentileSchema.optional(),
    Period: periodSchema.optional(),
    Unit: unitSchema.optional(),
    Metrics: listOf(querySchema, 20, 1).optional(),
    EvaluationPeriods: z.int().min(1).max(10_080),
    DatapointsToAlarm: z.int().min(1).optional(),
    Threshold: z.number(),
    ComparisonOperator: z.enum([
      'GreaterThanThreshold',
      'GreaterThanOrEqualToThreshold',
      'LessThanThreshold',
      'LessThanOrEqualToThreshold',
    ]),
    /** `missing` unless given. */
    TreatMissingData: z.enum(['missing', 'ignore', 'breaching', 'notBreaching']).optional(),
  })
  .superRefine((alarm, check) => {
    const fault = (field: string, message: string) =>
      check.addIssue({ code: 'custom', path: [field], message });
    if (alarm.Metrics) {
      if (alarm.Metrics.filter(({ ReturnData }) => ReturnData).length !== 1) {
        fault('Metrics', 'exactly one must have ReturnData true');
      }
      if (alarm.MetricName) fault('MetricName', 'goes not together with Metrics');
    } else {
      for (const field of ['Namespace', 'MetricName', 'Period'] as const) {
        if (alarm[field] === undefined) fault(field, 'is required');
      }
      if ((alarm.Statistic === undefined) === (alarm.ExtendedStatistic === undefined)) {
        fault('Statistic', 'needs exactly one of Statistic and ExtendedStatistic');
      }
    }
    if ((alarm.DatapointsToAlarm ?? 1) > alarm.EvaluationPeriods) {
      fault('DatapointsToAlarm', 'must be at most EvaluationPeriods');
    }
    const period = alarm.Metrics ? longestPeriod(alarm.Metrics) : (alarm.Period ?? 60);
    if (alarm.EvaluationPeriods * period > (period >= 3_600 ? 7 : 1) * DAY_SECONDS) {
      fault('EvaluationPeriods', 'times Period must be at most a day, or seven from an hour on');
    }
  });
/** An alarm as PutMetricAlarm takes it. */
export type AlarmConfiguration = z.output<typeof alarmSchema>;
