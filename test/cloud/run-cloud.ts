import { setTimeout as delay } from 'node:timers/promises';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { createProgress } from '#shared/cli/progress.ts';
import { CANARY_SOURCE } from '#shared/contracts/canary.ts';
import { metricNames } from '#shared/metric-names.ts';
import { type Deployed, readBooks } from '../../scripts/demo/books.ts';
import { compare, type DemoInput, put, readDemoInput } from '../../scripts/demo/run-demo.ts';
import { exactSum } from './exact-sum.ts';

/** What must stand still for so long before it is taken for the last word: late repetitions would show in it. */
const QUIET_MS = 5_000;
/** How long nothing may move before what is missing is called lost. */
const PATIENCE_MS = 90_000;

/** So many records of the fixtures, the poison ones among them. */
export async function readCloudInput(records: number): Promise<DemoInput> {
  const { good, poison } = await readDemoInput(0);
  return readDemoInput(records - good - poison);
}

/** Puts the input on a deployment's stream, waits until all is stored and counted, and compares the books. */
export async function runCloud(cloud: Deployed, input: DemoInput, signal: AbortSignal) {
  const since = new Date();
  const total = input.good + input.poison;
  await put(cloud, input, signal);
  const stored = await untilQuiet('stored   ', total, () => countItems(cloud), signal);
  await untilQuiet('counted  ', total, () => countPublished(cloud, since), signal);
  const books = await readBooks(cloud, since, exactSum);
  const metricsEqual = Object.values(books.metrics).every(
    ({ published, table }) => published === table,
  );
  /** From the first put to the last result. */
  const recordsPerSecond = Math.round((total / (stored - since.getTime())) * 10_000) / 10;
  return { ...books, ...compare(input, books), metricsEqual, recordsPerSecond };
}

/** Waits until a count has reached the total and stands still; gives the moment at which it last moved. */
async function untilQuiet(
  label: string,
  total: number,
  count: () => Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  const progress = createProgress({ label, total, unit: 'records' });
  let last = -1;
  let moved = Date.now();
  while (Date.now() - moved < (last < total ? PATIENCE_MS : QUIET_MS)) {
    await delay(500, undefined, { signal }).catch(() => signal.throwIfAborted());
    const counted = await count();
    if (counted !== last) moved = Date.now();
    last = counted;
    progress.update(Math.min(counted, total));
  }
  progress.stop();
  return moved;
}

async function countItems({ clients, names }: Deployed): Promise<number> {
  const pages = paginateScan(
    { client: clients.dynamodb },
    {
      ...{ TableName: names.resultsTable, Select: 'COUNT', ConsistentRead: true },
      // What a canary put is none of ours; a rejection may have no source.
      FilterExpression: 'attribute_not_exists(#source) OR NOT #source = :canary',
      ExpressionAttributeNames: { '#source': 'source' },
      ExpressionAttributeValues: { ':canary': { S: CANARY_SOURCE } },
    },
  );
  let items = 0;
  for await (const { Count = 0 } of pages) items += Count;
  return items;
}

/** Records that a deployment's metrics count. */
export async function countPublished(
  { clients, names }: Deployed,
  since: Date,
  sumOf = exactSum,
): Promise<number> {
  const { metricsNamespace: Namespace } = names;
  const sums = [metricNames.recordsProcessed, metricNames.recordsRejected].map((MetricName) =>
    sumOf(clients.cloudwatch, { Namespace, MetricName }, since),
  );
  const [processed = 0, rejected = 0] = await Promise.all(sums);
  return processed + rejected;
}
