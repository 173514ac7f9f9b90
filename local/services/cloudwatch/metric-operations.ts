import * as z from 'zod';
import { listOf, type Operations, operation, ServiceError } from '../operations.ts';
import type { CloudWatch } from './alarms.ts';
import {
  createBudget,
  type Datum,
  metricsOf,
  putData,
  readDatapoints,
  statisticOf,
} from './metrics.ts';
import { labeller, runQueries } from './queries.ts';
import {
  metricDataSchema,
  metricSchema,
  nameSchema,
  percentileSchema,
  periodSchema,
  querySchema,
  statisticSchema,
  unitSchema,
} from './schemas.ts';

const MAX_STATISTICS_POINTS = 1_440;
const TWO_WEEKS_SECONDS = 14 * 86_400;
const TWO_HOURS_SECONDS = 2 * 3_600;
const INVALID = 'InvalidParameterValueException';
const COMBINATION = 'InvalidParameterCombinationException';
const ORDER = 'The parameter StartTime must be less than the parameter EndTime.';

const timeSchema = z.number().min(0).max(253_402_300_799);

/** Keeps data of one namespace, all of them or none. */
export async function keepMetricData(
  { store, alone, now }: CloudWatch,
  { Namespace, MetricData }: z.output<typeof metricDataSchema>,
): Promise<void> {
  const seconds = now() / 1_000;
  const data = MetricData.map((input, index): [z.output<typeof metricSchema>, Datum] => {
    const { MetricName, Dimensions, Timestamp = seconds, StorageResolution: step } = input;
    if (Timestamp < seconds - TWO_WEEKS_SECONDS || Timestamp > seconds + TWO_HOURS_SECONDS) {
      throw new ServiceError(
        INVALID,
        `MetricData.${index}.Timestamp: must be at most two weeks past and two hours ahead`,
      );
    }
    if (input.Value !== undefined && (input.Values ?? input.StatisticValues) !== undefined) {
      throw new ServiceError(
        COMBINATION,
        `MetricData.${index}.Value: goes together with neither Values nor StatisticValues`,
      );
    }
    const { StatisticValues: set, Value, Values = Value === undefined ? [] : [Value] } = input;
    const datum = {
      second: Math.floor(Timestamp / step) * step,
      unit: input.Unit,
      values: Values.map((one, at): [number, number] => [one, input.Counts?.[at] ?? 1]),
      ...(set && { set }),
    };
    return [{ Namespace, MetricName, Dimensions }, datum];
  });
  await alone(() => putData(store, data));
}

/** Operations on metrics. */
export const metricOperations: Operations<CloudWatch> = {
  PutMetricData: operation(
    metricDataSchema.extend({
      Namespace: nameSchema
        .regex(/^[^:]/, 'must not start with a colon')
        .refine((namespace) => !namespace.startsWith('AWS/'), 'must not start with AWS/'),
    }),
    keepMetricData,
    INVALID,
  ),

  ListMetrics: operation(
    z.object({
      Namespace: nameSchema.optional(),
      MetricName: nameSchema.optional(),
      Dimensions: z
        .array(z.object({ Name: z.string().min(1), Value: z.string().optional() }))
        .max(10)
        .default([]),
    }),
    async ({ store }: CloudWatch, { Namespace, MetricName, Dimensions }) => {
      const Metrics = (await metricsOf(store)).filter(
        (metric) =>
          (Namespace ?? metric.Namespace) === metric.Namespace &&
          (MetricName ?? metric.MetricName) === metric.MetricName &&
          Dimensions.every(({ Name, Value }) =>
            metric.Dimensions.some(
              (one) => one.Name === Name && (Value ?? one.Value) === one.Value,
            ),
          ),
      );
      return { Metrics };
    },
    INVALID,
  ),

  GetMetricData: operation(
    z.object({
      MetricDataQueries: listOf(querySchema, 500, 1),
      StartTime: timeSchema,
      EndTime: timeSchema,
      ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).optional(),
    }),
    async ({ store }: CloudWatch, { MetricDataQueries: queries, StartTime, EndTime, ScanBy }) => {
      if (StartTime >= EndTime) throw new ServiceError('ValidationError', ORDER);
      const results = await runQueries(store, queries, { start: StartTime, end: EndTime });
      const label = labeller(queries);
      const MetricDataResults = queries.flatMap((query) => {
        const { Id } = query;
        const series = results.get(Id);
        if (series === undefined) return [];
        const points = ScanBy === 'TimestampAscending' ? [...series] : [...series].reverse();
        return {
          Id,
          Label: label(query),
          Timestamps: points.map(([time]) => time),
          Values: points.map(([, value]) => value),
          StatusCode: 'Complete',
        };
      });
      return { MetricDataResults, Messages: [] };
    },
    'ValidationError',
  ),

  GetMetricStatistics: operation(
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
    async ({ store }: CloudWatch, query) => {
      const { StartTime: start, EndTime: end, Period: period, ExtendedStatistics } = query;
      if (start >= end) throw new ServiceError(INVALID, ORDER);
      const most = Math.ceil((end - start) / period);
      if (most > MAX_STATISTICS_POINTS) {
        throw new ServiceError(
          COMBINATION,
          `You have requested up to ${most} datapoints, which exceeds the limit of ${MAX_STATISTICS_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
        );
      }
      const datapoints = await readDatapoints(store, query, { start, end, period }, createBudget());
      // A datapoint for each unit, since one says nothing of another.
      const Datapoints = datapoints
        .filter(({ unit }) => (query.Unit ?? unit) === unit)
        .map((datapoint) => {
          const statistics = (names: readonly string[]) =>
            Object.fromEntries(names.map((name) => [name, statisticOf(datapoint, name)]));
          return {
            Timestamp: datapoint.second,
            Unit: datapoint.unit,
            ...statistics(query.Statistics),
            ...(ExtendedStatistics.length > 0 && {
              ExtendedStatistics: statistics(ExtendedStatistics),
            }),
          };
        });
      return { Label: query.MetricName, Datapoints };
    },
    INVALID,
  ),
};
