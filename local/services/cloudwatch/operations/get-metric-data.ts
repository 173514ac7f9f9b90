import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Operation } from '../context.ts';
import { pageOf } from '../page.ts';
import { querySchema, runQueries } from '../query.ts';

const schema = z
  .object({
    MetricDataQueries: z.array(querySchema).min(1).max(500),
    StartTime: z.number(),
    EndTime: z.number(),
    ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).nullish(),
    MaxDatapoints: z.int().min(1).max(100_800).nullish(),
    NextToken: z.string().nullish(),
  })
  .refine((input) => input.StartTime < input.EndTime, {
    error: 'must be before EndTime',
    path: ['StartTime'],
  });

/** GetMetricData. */
export const getMetricData: Operation = async ({ metrics }, input) => {
  const query = parseInput(schema, input, 'ValidationError');
  const range = { start: query.StartTime, end: query.EndTime };
  const results = runQueries(metrics, query.MetricDataQueries, range);
  const sign = query.ScanBy === 'TimestampAscending' ? 1 : -1;
  const points = results.flatMap((result, index) =>
    [...result.series]
      .sort(([a], [b]) => sign * (a - b))
      .map(([time, value]) => ({ index, time, value })),
  );
  const page = pageOf(points, query.MaxDatapoints ?? 100_800, query.NextToken);
  return {
    MetricDataResults: results.map(({ id, label }, index) => {
      const own = page.items.filter((point) => point.index === index);
      return {
        Id: id,
        Label: label,
        Timestamps: own.map((point) => point.time),
        Values: own.map((point) => point.value),
        StatusCode: page.next.NextToken === undefined ? 'Complete' : 'PartialData',
      };
    }),
    Messages: [],
    ...page.next,
  };
};
