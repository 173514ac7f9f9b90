import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LocalStack } from '#local/stack.ts';
import { metricNames } from '#shared/metric-names.ts';
import { fromStoredItem } from '#shared/results-table/stored-item.ts';

/** A result, as far as the books need it. */
export interface BookedResult {
  readonly id: string;
  readonly text?: string;
  readonly source: string;
  readonly entities: readonly {
    type: string;
    text: string;
    start: number;
    end: number;
    score: number;
  }[];
  readonly answers: readonly { question: string; text: string | null; score: number }[];
  readonly tokens: number;
  readonly windows: number;
}

/** Everything that the table and the bucket hold. */
export interface Books {
  readonly results: readonly BookedResult[];
  readonly rejections: number;
  readonly failureObjects: number;
}

/** Reads the whole results table and the keys of the failures bucket. */
export async function readBooks(stack: LocalStack): Promise<Books> {
  const { dynamodb, s3 } = stack.clients;
  const results: BookedResult[] = [];
  let rejections = 0;
  const pages = paginateScan(
    { client: dynamodb },
    { TableName: stack.names.resultsTable, ConsistentRead: true },
  );
  for await (const { Items = [] } of pages) {
    for (const item of Items) {
      if (item.pk?.S?.startsWith('REJ#')) rejections += 1;
      else results.push(fromStoredItem(unmarshall(item)) as BookedResult);
    }
  }
  let failureObjects = 0;
  const listings = paginateListObjectsV2({ client: s3 }, { Bucket: stack.names.failuresBucket });
  for await (const { Contents = [] } of listings) failureObjects += Contents.length;
  return { results, rejections, failureObjects };
}

/** Counters that a scan of the table gives, by metric name. */
export function countersOf({ results, rejections }: Books): Record<string, number> {
  const sum = (count: (result: BookedResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  return {
    [metricNames.recordsProcessed]: results.length,
    [metricNames.recordsRejected]: rejections,
    [metricNames.entitiesFound]: sum(({ entities }) => entities.length),
    [metricNames.questionsAnswered]: sum(
      ({ answers }) => answers.filter((a) => a.text !== null).length,
    ),
    [metricNames.questionsUnanswered]: sum(
      ({ answers }) => answers.filter((a) => a.text === null).length,
    ),
    [metricNames.tokensProcessed]: sum(({ tokens }) => tokens),
    [metricNames.textsWindowed]: sum(({ windows }) => (windows > 1 ? 1 : 0)),
  };
}

/** Sum of a metric without dimensions since a moment, read through the CloudWatch API. */
export async function publishedSum(stack: LocalStack, name: string, since: Date): Promise<number> {
  const { Datapoints = [] } = await stack.clients.cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: stack.names.metricsNamespace,
      MetricName: name,
      StartTime: new Date(Math.floor(since.getTime() / 60_000) * 60_000),
      EndTime: new Date(Date.now() + 60_000),
      Period: 60,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.reduce((total, { Sum = 0 }) => total + Sum, 0);
}
