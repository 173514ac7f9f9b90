import { z } from 'zod';
import { listOf, type Operation, operation, ServiceError } from '../operations.ts';
import type { Context } from './alarms.ts';
import type { Datum } from './metrics.ts';
import { STATISTIC, statisticOf } from './metrics.ts';
import {
  dimensionsSchema,
  MAX_DATAPOINTS,
  periodSchema,
  querySchema,
  runQueries,
  timeSchema,
  unitSchema,
} from './queries.ts';

const MAX_STATISTICS_POINTS = 1_440;
const TWO_WEEKS_SECONDS = 14 * 86_400;
const TWO_HOURS_SECONDS = 2 * 3_600;
const ORDER = 'The parameter StartTime must be less than the parameter EndTime.';
const name = z.string().min(1).max(255);
const value = z
  .number()
  .min(-(2 ** 360))
  .max(2 ** 360);

const datumSchema = z
  .object({
    MetricName: name,
    Dimensions: dimensionsSchema.nullish(),
    Timestamp: z.number().nullish(),
    Value: value.nullish(),
    Values: listOf(value, 150, 1).nullish(),
    Counts: listOf(
      z
        .number()
        .min(0)
        .max(2 ** 53),
      150,
    ).nullish(),
    StatisticValues: z
      .object({
        SampleCount: z
          .number()
          .min(0)
          .max(2 ** 53),
        Sum: value,
        Minimum: value,
        Maximum: value,
      })
      .nullish(),
    Unit: unitSchema,
    StorageResolution: z.union([z.literal(1), z.literal(60)]).nullish(),
  })
  .refine((d) => [d.Value, d.Values, d.StatisticValues].filter((v) => v != null).length === 1, {
    error: 'needs exactly one of Value, Values and StatisticValues',
  })
  .refine((d) => d.Counts == null || d.Counts.length === d.Values?.length, {
    error: 'must be as many as Values',
    path: ['Counts'],
  });

/** PutMetricData; all of a call is kept or none. */
const putMetricData = operation(
  z.object({
    Namespace: name
      .regex(/^[^:]/, 'must not start with a colon')
      .refine((namespace) => !namespace.startsWith('AWS/'), 'must not start with AWS/'),
    MetricData: listOf(datumSchema, 1_000),
  }),
  async (context: Context, { Namespace, MetricData }) => {
    const now = context.now() / 1_000;
    const wrong = MetricData.findIndex(
      ({ Timestamp: at }) =>
        at != null && (at < now - TWO_WEEKS_SECONDS || at > now + TWO_HOURS_SECONDS),
    );
    if (wrong !== -1) {
      throw new ServiceError(
        'InvalidParameterValueException',
        `MetricData.${wrong}.Timestamp: must be at most two weeks past and two hours ahead`,
      );
    }
    await context.commit({ put: MetricData.map((datum) => toDatum(Namespace, datum, now)) });
    return {};
  },
  'InvalidParameterValueException',
);

function toDatum(Namespace: string, input: z.output<typeof datumSchema>, now: number): Datum {
  const resolution = input.StorageResolution ?? 60;
  const values = input.Value == null ? input.Values : [input.Value];
  const set = input.StatisticValues;
  const base = {
    Namespace,
    MetricName: input.MetricName,
    Dimensions: input.Dimensions ?? [],
    second: Math.floor((input.Timestamp ?? now) / resolution) * resolution,
    unit: input.Unit ?? 'None',
  };
  if (set != null) {
    const { SampleCount: sampleCount, Sum: sum, Minimum: minimum, Maximum: maximum } = set;
    return sampleCount === 1 || minimum === maximum
      ? { ...base, values: [[maximum, sampleCount]] }
      : { ...base, set: { sampleCount, sum, minimum, maximum } };
  }
  return {
    ...base,
    values: (values ?? []).map((one, index): [number, number] => [one, input.Counts?.[index] ?? 1]),
  };
}

/** ListMetrics, 500 a page. */
const listMetrics = operation(
  z.object({
    Namespace: name.nullish(),
    MetricName: name.nullish(),
    Dimensions: z
      .array(z.object({ Name: z.string().min(1), Value: z.string().nullish() }))
      .max(10)
      .nullish(),
    NextToken: z.string().nullish(),
  }),
  ({ metrics }: Context, wanted) => {
    const found = metrics
      .names()
      .filter(
        (metric) =>
          (!wanted.Namespace || wanted.Namespace === metric.Namespace) &&
          (!wanted.MetricName || wanted.MetricName === metric.MetricName) &&
          (wanted.Dimensions ?? []).every(({ Name, Value }) =>
            metric.Dimensions.some((d) => d.Name === Name && (Value == null || d.Value === Value)),
          ),
      );
    const { items, next } = pageOf(found, 500, wanted.NextToken);
    return { Metrics: items, ...next };
  },
  'InvalidParameterValueException',
);

const getMetricData = operation(
  z.object({
    MetricDataQueries: listOf(querySchema, 500, 1),
    StartTime: timeSchema,
    EndTime: timeSchema,
    ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).nullish(),
    MaxDatapoints: z.int().min(1).max(MAX_DATAPOINTS).nullish(),
    NextToken: z.string().nullish(),
  }),
  ({ metrics }: Context, query) => {
    if (query.StartTime >= query.EndTime) throw new ServiceError('ValidationError', ORDER);
    const range = { start: query.StartTime, end: query.EndTime };
    const results = runQueries(metrics, query.MetricDataQueries, range);
    const sign = query.ScanBy === 'TimestampAscending' ? 1 : -1;
    const points = results.flatMap((result, index) =>
      [...result.series]
        .sort(([a], [b]) => sign * (a - b))
        .map(([time, point]) => ({ index, time, point })),
    );
    const page = pageOf(points, query.MaxDatapoints ?? MAX_DATAPOINTS, query.NextToken);
    const own = results.map(() => ({ Timestamps: [] as number[], Values: [] as number[] }));
    for (const { index, time, point } of page.items) {
      own[index]?.Timestamps.push(time);
      own[index]?.Values.push(point);
    }
    const StatusCode = page.next.NextToken === undefined ? 'Complete' : 'PartialData';
    return {
      MetricDataResults: results.map(({ id, label }, index) => ({
        Id: id,
        Label: label,
        ...own[index],
        StatusCode,
      })),
      Messages: [],
      ...page.next,
    };
  },
  'ValidationError',
);

const getMetricStatistics = operation(
  z
    .object({
      Namespace: name,
      MetricName: name,
      Dimensions: dimensionsSchema.nullish(),
      StartTime: timeSchema,
      EndTime: timeSchema,
      Period: periodSchema,
      Statistics: z
        .array(z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']))
        .max(5)
        .nullish(),
      ExtendedStatistics: z
        .array(z.string().regex(STATISTIC, 'must be a percentile such as p99'))
        .max(10)
        .nullish(),
      Unit: unitSchema,
    })
    .refine((q) => (q.Statistics?.length ?? 0) + (q.ExtendedStatistics?.length ?? 0) > 0, {
      error: 'needs Statistics or ExtendedStatistics',
    }),
  ({ metrics }: Context, query) => {
    const { StartTime: start, EndTime: end, Period: period } = query;
    if (start >= end) throw new ServiceError('InvalidParameterValueException', ORDER);
    if ((end - start) / period > MAX_STATISTICS_POINTS) {
      throw new ServiceError(
        'InvalidParameterCombinationException',
        `You have requested up to ${Math.ceil((end - start) / period)} datapoints, which exceeds the limit of ${MAX_STATISTICS_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
      );
    }
    const metric = { ...query, Dimensions: query.Dimensions ?? [] };
    const units = [...metrics.read(metric, { start, end, period })];
    return {
      Label: query.MetricName,
      // A datapoint for each unit, since one says nothing of another.
      Datapoints: units
        .filter(([unit]) => query.Unit == null || query.Unit === unit)
        .flatMap(([Unit, buckets]) =>
          [...buckets].map(([Timestamp, bucket]) => {
            const statistics = (names: readonly string[]) =>
              Object.fromEntries(names.map((one) => [one, statisticOf(bucket, one)]));
            return {
              Timestamp,
              Unit,
              ...statistics(query.Statistics ?? []),
              ...(query.ExtendedStatistics && {
                ExtendedStatistics: statistics(query.ExtendedStatistics),
              }),
            };
          }),
        ),
    };
  },
  'InvalidParameterValueException',
);

/**
 * One page of a list; the token is the place to go on at.
 *
 * @throws {ServiceError} where the token is none
 */
export function pageOf<T>(
  all: readonly T[],
  size: number,
  token: string | null | undefined,
): { items: T[]; next: { NextToken?: string } } {
  if (token != null && !/^\d{1,9}$/.test(token)) {
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
