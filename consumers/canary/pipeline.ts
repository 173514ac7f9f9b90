import {
  type CloudWatchClient,
  GetMetricStatisticsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { type KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TextRecordInput } from '#shared/contracts/text-record.ts';
import { metricNames } from '#shared/metric-names.ts';
import { resultsTableKeys } from '#shared/results-table/definition.ts';
import { createQueryItems } from '#shared/results-table/dynamodb-results.ts';

const MINUTE_MS = 60_000;

/** A deployment as its canary touches it; each call ends with its signal. */
export interface Pipeline {
  put(record: TextRecordInput, signal: AbortSignal): Promise<void>;
  /** When a stored record had arrived on the stream, epoch milliseconds; undefined while it is not stored. */
  arrivalOf(id: string, signal: AbortSignal): Promise<number | undefined>;
  /** The smallest `CanaryLatency` that was published since the minute of a time; undefined where none was. */
  leastLatency(since: number, signal: AbortSignal): Promise<number | undefined>;
  /** Publishes `CanaryFailed` of a probe, at the time when it was begun. */
  publish(failed: boolean, startedAt: number): Promise<void>;
}

/** The adapter to one deployment. */
export function createPipeline(
  clients: {
    readonly kinesis: KinesisClient;
    readonly documents: DynamoDBDocumentClient;
    readonly cloudWatch: CloudWatchClient;
  },
  names: { readonly stream: string; readonly resultsTable: string; readonly namespace: string },
): Pipeline {
  const { kinesis, documents, cloudWatch } = clients;
  const query = createQueryItems(documents, names.resultsTable);
  return {
    async put(record, abortSignal) {
      const input = {
        StreamName: names.stream,
        PartitionKey: record.id,
        Data: Buffer.from(JSON.stringify(record)),
      };
      await kinesis.send(new PutRecordCommand(input), { abortSignal });
    },
    async arrivalOf(id, signal) {
      const key = [resultsTableKeys.partition, `REC#${id}`] as const;
      const [item] = await query({ key, limit: 1, attributes: ['arrivedAt'], signal });
      return typeof item?.arrivedAt === 'string' ? Date.parse(item.arrivedAt) : undefined;
    },
    async leastLatency(since, abortSignal) {
      const StartTime = new Date(Math.floor(since / MINUTE_MS) * MINUTE_MS);
      const { Datapoints = [] } = await cloudWatch.send(
        new GetMetricStatisticsCommand({
          Namespace: names.namespace,
          MetricName: metricNames.canaryLatency,
          StartTime,
          EndTime: new Date(StartTime.getTime() + 60 * MINUTE_MS),
          Period: 60,
          Statistics: ['Minimum'],
        }),
        { abortSignal },
      );
      const minima = Datapoints.flatMap(({ Minimum }) => Minimum ?? []);
      return minima.length > 0 ? Math.min(...minima) : undefined;
    },
    async publish(failed, startedAt) {
      const datum = {
        MetricName: metricNames.canaryFailed,
        Timestamp: new Date(startedAt),
        Unit: 'Count',
        Value: failed ? 1 : 0,
      } as const;
      await cloudWatch.send(
        new PutMetricDataCommand({ Namespace: names.namespace, MetricData: [datum] }),
      );
    },
  };
}
