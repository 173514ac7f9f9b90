import { z } from 'zod';
import { listOf, type Operation, operation, ServiceError } from '../operations.ts';
import type { Context } from './alarms.ts';
import { createBudget, type Datum, statisticOf } from './metrics.ts';
import { runQueries } from './queries.ts';
import {
  dimensionsSchema,
  MAX_DATAPOINTS,
  metricSchema,
  nameSchema,
  percentileSchema,
  periodSchema,
  querySchema,
  statisticSchema,
  timeSchema,
  unitSchema,
} from './schemas.ts';

const MAX_STATISTICS_POINTS = 1_440;
const TWO_WEEKS_SECONDS = 14 * 86_400;
const TWO_HOURS_SECONDS = 2 * 3_600;
const INVALID = 'InvalidParameterValueException';
const ORDER = 'The parameter StartTime must be less than the parameter EndTime.';
const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const value = z
  .number()
  .min(-(2 ** 360))
  .max(2 ** 360);

const datumSchema = z
  .object({
    MetricName: nameSchema,
    Dimensions: dimensionsSchema,
    Timestamp: z.number().optional(),
    Value: value.optional(),
    Values: listOf(value, 150, 1).optional(),
    Counts: listOf(count, 150).optional(),
    StatisticValues: z
      .object({ SampleCount: count, Sum: value, Minimum: value, Maximum: value })
      .optional(),
    Unit: unitSchema.default('None'),
    StorageResolution: z.union([z.literal(1), z.literal(60)]).default(60),
  })
  .refine(
    (d) => [d.Value, d.Values, d.StatisticValues].filter((v) => v !== undefined).length === 1,
    {
      error: 'needs exactly one of Value, Values and StatisticValues',
    },
  )
  .refine((d) => d.Counts === undefined || d.Counts.length === d.Values?.length, {
    error: 'must be as many as Values',
    path: ['Counts'],
  });

/** All of a call is kept or none. */
const putMetricData = operation(
  z.object({
    Namespace: nameSchema
      .regex(/^[^:]/, 'must not start with a colon')
      .refine((namespace) => !namespace.startsWith('AWS/'), 'must not start with AWS/'),
    MetricData: listOf(datumSchema, 1_000),
  }),
  async ({ metrics, alone, now }: Context, { Namespace, MetricData }) => {
    const seconds = now() / 1_000;
    const wrong = MetricData.findIndex(
      ({ Timestamp: at = seconds }) =>
        at < seconds - TWO_WEEKS_SECONDS || at > seconds + TWO_HOURS_SECONDS,
    );
    if (wrong !== -1) {
      throw new ServiceError(
        INVALID,
        `MetricData.${wrong}.Timestamp: must be at most two weeks past and two hours ahead`,
      );
    }
    const data = MetricData.map((datum) => toDatum(Namespace, datum, seconds));
    await alone(() => metrics.put(data));
    return {};
  },
  INVALID,
);

function toDatum(Namespace: string, input: z.output<typeof datumSchema>, now: number): Datum {
  const { MetricName, Dimensions, Timestamp = now, StorageResolution, Counts } = input;
  const set = input.StatisticValues;
  const base = {
    metric: { Namespace, MetricName, Dimensions },
    second: Math.floor(Timestamp / StorageResolution) * StorageResolution,
    unit: input.Unit,
  };
  if (set) {
    // All of its values are known where they are but one.
    const isOne = set.SampleCount === 1 || set.Minimum === set.Maximum;
    return isOne
      ? { ...base, values: [[set.Maximum, set.SampleCount]] }
      : { ...base, values: [], set };
  }
  const values = input.Values ?? [input.Value ?? 0];
  return { ...base, values: values.map((one, index) => [one, Counts?.[index] ?? 1]) };
}

/** 500 a page. */
const listMetrics = operation(
  z.object({
    Namespace: nameSchema.optional(),
    MetricName: nameSchema.optional(),
    Dimensions: z
      .array(z.object({ Name: z.string().min(1), Value: z.string().optional() }))
      .max(10)
      .default([]),
    NextToken: z.string().optional(),
  }),
  async ({ metrics }: Context, wanted) => {
    const found = (await metrics.names()).filter(
      (metric) =>
        (!wanted.Namespace || wanted.Namespace === metric.Namespace) &&
        (!wanted.MetricName || wanted.MetricName === metric.MetricName) &&
        wanted.Dimensions.every(({ Name, Value }) =>
          metric.Dimensions.some(
            (d) => d.Name === Name && (Value === undefined || d.Value === Value),
          ),
        ),
    );
    const { items, next } = pageOf(found, 500, wanted.NextToken);
    return { Metrics: items, ...next };
  },
  INVALID,
);

const getMetricData = operation(
  z.object({
    MetricDataQueries: listOf(querySchema, 500, 1),
    StartTime: timeSchema,
    EndTime: timeSchema,
    ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).optional(),
    MaxDatapoints: z.int().min(1).max(MAX_DATAPOINTS).default(MAX_DATAPOINTS),
    NextToken: z.string().optional(),
  }),
  async ({ metrics }: Context, query) => {
    const range = { start: query.StartTime, end: query.EndTime };
    if (range.start >= range.end) throw new ServiceError('ValidationError', ORDER);
    const results = await runQueries(metrics, query.MetricDataQueries, range);
    const points = results.flatMap(({ series }, index) => {
      const own = [...series].map(([time, point]) => ({ index, time, point }));
      return query.ScanBy === 'TimestampAscending' ? own : own.reverse();
    });
    const { items, next } = pageOf(points, query.MaxDatapoints, query.NextToken);
    const answers = results.map(({ id, label }) => ({
      Id: id,
      Label: label,
      Timestamps: [] as number[],
      Values: [] as number[],
      StatusCode: next.NextToken === undefined ? 'Complete' : 'PartialData',
    }));
    for (const { index, time, point } of items) {
      answers[index]?.Timestamps.push(time);
      answers[index]?.Values.push(point);
    }
    return { MetricDataResults: answers, Messages: [], ...next };
  },
  'ValidationError',
);

const getMetricStatistics = operation(
  z
    .object({
      ...metricSchema.shape,
      StartTime: timeSchema,
      EndTime: timeSchema,
      Period: periodSchema,
      Statistics: z.array(statisticSchema).max(5).default([]),
      ExtendedStatistics: z.array(percentileSchema).max(10).default([]),
      Unit: unitSchema.optional(),
    })
    .refine((query) => query.Statistics.length + query.ExtendedStatistics.length > 0, {
      error: 'needs Statistics or ExtendedStatistics',
    }),
  async ({ metrics }: Context, query) => {
    const { StartTime: start, EndTime: end, Period: period, ExtendedStatistics } = query;
    if (start >= end) throw new ServiceError(INVALID, ORDER);
    const most = Math.ceil((end - start) / period);
    if (most > MAX_STATISTICS_POINTS) {
      throw new ServiceError(
        'InvalidParameterCombinationException',
        `You have requested up to ${most} datapoints, which exceeds the limit of ${MAX_STATISTICS_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
      );
    }
    const units = await metrics.read(query, { start, end, period }, createBudget());
    return {
      Label: query.MetricName,
      // A datapoint for each unit, since one says nothing of another.
      Datapoints: [...units]
        .filter(([unit]) => query.Unit === undefined || query.Unit === unit)
        .flatMap(([Unit, buckets]) =>
          [...buckets].map(([Timestamp, bucket]) => {
            const statistics = (names: readonly string[]) =>
              Object.fromEntries(names.map((one) => [one, statisticOf(bucket, one)]));
            return {
              Timestamp,
              Unit,
              ...statistics(query.Statistics),
              ...(ExtendedStatistics.length > 0 && {
                ExtendedStatistics: statistics(ExtendedStatistics),
              }),
            };
          }),
        ),
    };
  },
  INVALID,
);

/**
 * One page of a list; the token is the place to go on at.
 *
 * @throws {ServiceError} where the token is none
 */
export function pageOf<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
): { items: T[]; next: { NextToken?: string } } {
  if (token !== undefined && !/^\d{1,9}$/.test(token)) {
    throw new ServiceError('InvalidNextToken', 'NextToken: is not one that this service gave out');
  }
  const from = Number(token ?? 0);
  const more = from + size < all.length;
  return {
    items: all.slice(from, from + size),
    next: more ? { NextToken: String(from + size) } : {},
  };
}

/** Operations on metrics. */
export const metricOperations: [string, Operation<Context>][] = [
  ['GetMetricData', getMetricData],
  ['GetMetricStatistics', getMetricStatistics],
  ['ListMetrics', listMetrics],
  ['PutMetricData', putMetricData],
];
