import * as z from 'zod';
import { numberOf, timeParameter } from './query-parameters.ts';
import { arrivedAtSchema } from './result.ts';

/** Shortest and longest window of metrics, in seconds. */
export const METRICS_WINDOW_SECONDS = { least: 900, most: 86_400 } as const;
/** Most points of one series, which bounds the period from below. */
export const MOST_POINTS = 300;
/** Most series of one answer: with their points they stay within one call of GetMetricData. */
export const MOST_SERIES = 300;
/** Seconds that one point may cover. */
export const metricPeriods = [60, 300, 900] as const;

const PERIOD = `must be ${metricPeriods.join(', ')}`;
const utcTime = z.string().describe('ISO 8601 in UTC.');

/** What of the metrics is asked for. */
export const metricsQuerySchema = z.strictObject({
  from: timeParameter
    .optional()
    .describe('Begin of the window, 15 minutes to 24 hours before `to`; an hour where left out.'),
  to: timeParameter.optional().describe('End of the window; now where left out.'),
  period: z
    .preprocess(
      numberOf,
      z.int().refine((given) => metricPeriods.some((one) => one === given), PERIOD),
    )
    .optional()
    .describe(
      `Seconds that one point covers: ${metricPeriods.join(', ')}; the shortest that gives ${MOST_POINTS} points at most where left out.`,
    ),
});

const seriesSchema = z.object({
  metric: z.string().describe('Such as RecordsProcessed.'),
  dimensions: z.record(z.string(), z.string()).describe('None for the whole deployment.'),
  statistic: z.enum(['Sum', 'Average', 'Maximum', 'p50', 'p95', 'p99']),
  points: z
    .array(z.tuple([z.int(), z.number()]))
    .describe(
      'Begin of its period in epoch seconds, and the value; in the order of time, without those of which nothing is known. The last may be of a period that is not over.',
    ),
});

/** The metrics of a window. */
export const metricsAnswerSchema = z.object({
  from: utcTime.describe('Begin of the first period.'),
  to: utcTime.describe('End of the last period.'),
  period: z.int().describe('Seconds.'),
  series: z
    .array(seriesSchema)
    .describe('Metrics by their names and dimensions; those without a point are left out.'),
  omitted: z
    .int()
    .optional()
    .describe(
      `Series that were left out, as those of many sources are: an answer holds ${MOST_SERIES}.`,
    ),
});

/** The metrics of a window. */
export type MetricsAnswer = z.output<typeof metricsAnswerSchema>;

/** One alarm of the deployment with its state. */
const alarmStateSchema = z.object({
  id: z.string().describe('As the runbook names it, such as rejected-records.'),
  name: z.string().describe('On CloudWatch.'),
  severity: z.enum(['critical', 'warning']),
  state: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
  since: arrivedAtSchema.describe('When it came into that state.'),
  reason: z.string().describe('Why it is in that state, as CloudWatch says it.'),
  description: z.string().describe('What is wrong when it is up.'),
  runbook: z.string().describe('Where it says what to do.'),
});

/** The alarms of the deployment, those that are up first. */
export const alarmsAnswerSchema = z.object({ alarms: z.array(alarmStateSchema) });

/** The alarms of the deployment. */
export type AlarmsAnswer = z.output<typeof alarmsAnswerSchema>;
