import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { LoadCloudWatch } from './lazy-clients.ts';

/** A metric, by its namespace, its name and its dimensions. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What of a metric is read. */
export interface Series {
  readonly metric: Metric;
  readonly statistic: string;
}

/** Whole periods, in epoch seconds and seconds. */
export interface MetricsWindow {
  readonly start: number;
  readonly end: number;
  readonly period: number;
}

/** Begin of a period in epoch seconds, and the value. */
export type Point = [time: number, value: number];

/** CloudWatch as the HTTP function reads it; each call ends with its signal. */
export interface CloudWatch {
  /** The metrics of a namespace that had data in the last two weeks; the first 5,000 of them. */
  metrics(namespace: string, signal: AbortSignal): Promise<readonly Metric[]>;
  /** The points of each series, in the order of time; at most 500 series with 100,800 points in all. */
  points(
    series: readonly Series[],
    window: MetricsWindow,
    signal: AbortSignal,
  ): Promise<readonly Point[][]>;
  /** The metric alarms whose names begin so. */
  alarms(prefix: string, signal: AbortSignal): Promise<readonly MetricAlarm[]>;
}

const MOST_LISTED = 5_000;

/** The adapter. */
export function createCloudWatch(load: LoadCloudWatch): CloudWatch {
  return {
    async metrics(Namespace, abortSignal) {
      const { client, paginateListMetrics } = await load();
      const found: Metric[] = [];
      for await (const { Metrics = [] } of paginateListMetrics(
        { client },
        { Namespace },
        { abortSignal },
      )) {
        for (const { MetricName: name = '', Dimensions = [] } of Metrics) {
          const dimensions = Object.fromEntries(
            Dimensions.map(({ Name = '', Value = '' }) => [Name, Value]),
          );
          found.push({ namespace: Namespace, name, dimensions });
        }
        if (found.length >= MOST_LISTED) break;
      }
      return found;
    },
    async points(series, { start, end, period }, abortSignal) {
      const { client, paginateGetMetricData } = await load();
      const found: Point[][] = series.map(() => []);
      const input = {
        StartTime: new Date(start * 1_000),
        EndTime: new Date(end * 1_000),
        ScanBy: 'TimestampAscending' as const,
        MetricDataQueries: series.map(({ metric, statistic }, index) => ({
          Id: `m${index}`,
          MetricStat: {
            Metric: {
              Namespace: metric.namespace,
              MetricName: metric.name,
              Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({
                Name,
                Value,
              })),
            },
            Period: period,
            Stat: statistic,
          },
        })),
      };
      for await (const page of paginateGetMetricData({ client }, input, { abortSignal })) {
        for (const { Id = '', Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
          const points = Timestamps.map(
            (time, at): Point => [time.getTime() / 1_000, Values[at] ?? 0],
          );
          found[Number(Id.slice(1))]?.push(...points);
        }
      }
      return found;
    },
    async alarms(AlarmNamePrefix, abortSignal) {
      const { client, paginateDescribeAlarms } = await load();
      const input = { AlarmNamePrefix, AlarmTypes: ['MetricAlarm' as const] };
      const found: MetricAlarm[] = [];
      for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, input, {
        abortSignal,
      })) {
        found.push(...MetricAlarms);
      }
      return found;
    },
  };
}
