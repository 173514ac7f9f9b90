import {
  type CloudWatchClient,
  GetMetricStatisticsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { messageOf } from '#shared/errors.ts';
import { metricNames } from '#shared/metric-names.ts';
import { isThrottle, statusOf } from '#shared/retry.ts';
import type { MetricDatum } from './summarize.ts';

/** How a publication ended: arrived; throttled or refused (both: not arrived); or nobody knows. */
export type PutOutcome =
  | { readonly status: 'arrived' }
  | { readonly status: 'throttled' | 'refused' | 'unknown'; readonly reason: string };

/** CloudWatch as the metrics function uses it. */
export interface MetricsService {
  /** Publishes all data in one call, so that they arrive together or not at all. Never throws, never retries by itself. */
  put(data: readonly MetricDatum[], timestamp: number, signal: AbortSignal): Promise<PutOutcome>;
  /** The largest publication number seen around that time (both epoch milliseconds); undefined where there is none. */
  largestNumber(around: number, now: number): Promise<number | undefined>;
}

const DAY = 24 * 60 * 60_000;

/** The CloudWatch adapter to one namespace; the client must have its retries switched off (`maxAttempts: 1`). */
export function createMetricsService(client: CloudWatchClient, namespace: string): MetricsService {
  return {
    async put(data, timestamp, abortSignal) {
      const command = new PutMetricDataCommand({
        Namespace: namespace,
        MetricData: data.map(({ name, dimensions = {}, unit, values, counts }) => ({
          MetricName: name,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          Timestamp: new Date(timestamp),
          Unit: unit,
          Values: [...values],
          Counts: [...counts],
        })),
      });
      try {
        await client.send(command, { abortSignal });
        return { status: 'arrived' };
      } catch (error) {
        return { status: statusOfFailure(error), reason: messageOf(error) };
      }
    },
    async largestNumber(around, now) {
      // One-minute data is kept for 15 days, five-minute data for 63, hourly data for 455.
      const age = now - around;
      const period = age < 15 * DAY ? 60 : age < 63 * DAY ? 300 : 3_600;
      const step = period * 1_000;
      const start = Math.floor(around / step) * step;
      const answer = await client.send(
        new GetMetricStatisticsCommand({
          Namespace: namespace,
          MetricName: metricNames.publicationNumber,
          StartTime: new Date(start - step),
          EndTime: new Date(start + 2 * step),
          Period: period,
          Statistics: ['Maximum'],
        }),
      );
      const maxima = (answer.Datapoints ?? []).flatMap(({ Maximum }) => Maximum ?? []);
      return maxima.length > 0 ? Math.max(...maxima) : undefined;
    },
  };
}

function statusOfFailure(error: unknown): 'throttled' | 'refused' | 'unknown' {
  const status = statusOf(error);
  if (isThrottle(error)) return 'throttled';
  if (status === undefined || status < 400 || status >= 500 || status === 408) return 'unknown';
  return 'refused';
}
