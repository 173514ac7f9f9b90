import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { ServiceError } from '../../service-error.ts';
import type { Operation } from '../context.ts';
import { dimensionsSchema, periodSchema } from '../query.ts';
import { STATISTIC, statisticOf } from '../statistic.ts';

const MAX_POINTS = 1_440;

const schema = z
  .object({
    Namespace: z.string().min(1).max(255),
    MetricName: z.string().min(1).max(255),
    Dimensions: dimensionsSchema.nullish(),
    StartTime: z.number(),
    EndTime: z.number(),
    Period: periodSchema,
    Statistics: z
      .array(z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']))
      .max(5)
      .nullish(),
    ExtendedStatistics: z
      .array(z.string().regex(STATISTIC, 'must be a percentile such as p99'))
      .max(10)
      .nullish(),
    Unit: z.string().nullish(),
  })
  .refine((q) => (q.Statistics?.length ?? 0) + (q.ExtendedStatistics?.length ?? 0) > 0, {
    error: 'needs Statistics or ExtendedStatistics',
  });

/** GetMetricStatistics. */
export const getMetricStatistics: Operation = async ({ metrics }, input) => {
  const query = parseInput(schema, input, 'InvalidParameterValueException');
  if ((query.EndTime - query.StartTime) / query.Period > MAX_POINTS) {
    throw new ServiceError(
      'InvalidParameterCombinationException',
      `Period: the range holds more than ${MAX_POINTS} datapoints`,
    );
  }
  const buckets = metrics.read(
    { ...query, Dimensions: query.Dimensions ?? [] },
    {
      start: query.StartTime,
      end: query.EndTime,
      period: query.Period,
      unit: query.Unit ?? undefined,
    },
  );
  return {
    Label: query.MetricName,
    Datapoints: [...buckets].map(([time, bucket]) => ({
      Timestamp: time,
      Unit: query.Unit ?? 'None',
      ...Object.fromEntries(
        (query.Statistics ?? []).map((name) => [name, statisticOf(bucket, name)]),
      ),
      ...(query.ExtendedStatistics && {
        ExtendedStatistics: Object.fromEntries(
          query.ExtendedStatistics.map((name) => [name, statisticOf(bucket, name)]),
        ),
      }),
    })),
  };
};
