import {
  type CloudWatchClient,
  type Dimension,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LocalClients } from '#local/cloud/clients.ts';
import { isProbe } from '#shared/contracts/canary.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { metricNames } from '#shared/metric-names.ts';
import { fromStoredItem, isResult } from '#shared/results-table/stored-item.ts';

/** A deployment whose books can be read, wherever it runs. */
export interface Deployed {
  readonly clients: Pick<LocalClients, 'kinesis' | 'dynamodb' | 's3' | 'cloudwatch'>;
  readonly names: Readonly<
    Record<'stream' | 'resultsTable' | 'failuresBucket' | 'metricsNamespace', string>
  >;
}

/** What a deployment holds of what was put on its stream. */
export type Books = Awaited<ReturnType<typeof readBooks>>;

/**
 * Reads the whole results table (no probe of a canary), the keys of the failures bucket, and each counter by its metric's name: as a scan of the table
 * gives it, and as it was published since a moment.
 *
 * @param sumOf reads a metric, where its CloudWatch is not as AWS has it
 */
export async function readBooks(
  { clients, names }: Deployed,
  since: Date,
  sumOf: typeof publishedSum = publishedSum,
) {
  const { dynamodb, s3, cloudwatch } = clients;
  const { resultsTable: TableName, failuresBucket: Bucket, metricsNamespace: Namespace } = names;
  const results: ResultItem[] = [];
  let [rejections, failureObjects] = [0, 0];
  for await (const page of paginateScan(
    { client: dynamodb },
    { TableName, ConsistentRead: true },
  )) {
    for (const stored of page.Items ?? []) {
      const item = fromStoredItem(unmarshall(stored));
      if (item && isProbe(item)) continue;
      if (item && isResult(item)) results.push(item);
      else rejections += 1;
    }
  }
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    failureObjects += page.Contents?.length ?? 0;
  }
  const metrics: Record<string, { readonly published: number; readonly table: number }> = {};
  for (const [MetricName, table] of Object.entries(countersOf(results, rejections))) {
    const published = await sumOf(cloudwatch, { Namespace, MetricName }, since);
    metrics[MetricName] = { published, table };
  }
  return { results, rejections, failureObjects, metrics };
}

function countersOf(results: readonly ResultItem[], rejections: number): Record<string, number> {
  const sum = (count: (result: ResultItem) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const answered = sum(({ answers }) => answers.filter(({ text }) => text !== null).length);
  return {
    [metricNames.recordsProcessed]: results.length,
    [metricNames.recordsRejected]: rejections,
    [metricNames.entitiesFound]: sum(({ entities }) => entities.length),
    [metricNames.questionsAnswered]: answered,
    [metricNames.questionsUnanswered]: sum(({ answers }) => answers.length) - answered,
    [metricNames.tokensProcessed]: sum(({ tokens }) => tokens),
    [metricNames.textsWindowed]: sum(({ windows }) => (windows > 1 ? 1 : 0)),
  };
}

/** Sum of a metric since a moment, read through the CloudWatch API. */
export async function publishedSum(
  client: CloudWatchClient,
  metric: {
    readonly Namespace: string;
    readonly MetricName: string;
    readonly Dimensions?: Dimension[];
  },
  since: Date,
): Promise<number> {
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({
      ...metric,
      StartTime: new Date(Math.floor(since.getTime() / 60_000) * 60_000),
      EndTime: new Date(Date.now() + 60_000),
      Period: 60,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.reduce((total, { Sum = 0 }) => total + Sum, 0);
}
