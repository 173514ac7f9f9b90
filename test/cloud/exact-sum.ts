import { paginateListMetrics } from '@aws-sdk/client-cloudwatch';
import { publishedSum } from '../../scripts/demo/books.ts';

/**
 * Sum of a metric since a moment, as AWS gives it. Asked for a metric without dimensions, MiniStack adds up all metrics of that
 * name; so those with dimensions, which it tells apart, are taken off again.
 */
export const exactSum: typeof publishedSum = async (client, metric, since) => {
  let sum = await publishedSum(client, metric, since);
  if (metric.Dimensions?.length) return sum;
  for await (const { Metrics = [] } of paginateListMetrics({ client }, metric)) {
    for (const { Dimensions = [] } of Metrics) {
      if (Dimensions.length > 0)
        sum -= await publishedSum(client, { ...metric, Dimensions }, since);
    }
  }
  return sum;
};
