import type { DynamoDBStreamEvent } from 'aws-lambda';
import { driftData, profilesAfter } from '#consumers/metrics/drift.ts';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import { readTableEvent } from '#consumers/metrics/read-event.ts';
import { summarize } from '#consumers/metrics/summarize.ts';
import { BATCH, busyStream, LAST, SPAN_MS } from './busy-stream.ts';
import type { BenchModels } from './model-folders.ts';
import { processorSeconds } from './processor-time.ts';
import { insertsOf, type WrittenResults, writtenResults } from './result-changes.ts';
import { publicationsPerSecond } from './turns.ts';

/** When the changes of a batch were made. */
const TIMES = { from: LAST - SPAN_MS, to: LAST };

/** What the metrics function takes for a batch of a stream of 10,000 changes a second. */
export interface MetricsRates {
  /** Results of the fixtures as they come. */
  readonly recordsPerProcessorSecond: number;
  /** Records per processor second, of other results. */
  readonly others: Readonly<Record<string, number>>;
  /** Of the processor time for results of the fixtures, what each part takes. */
  readonly shares: Readonly<Record<string, number>>;
  /** JSON of the event for each result. */
  readonly eventKilobytes: Readonly<Record<string, number>>;
  /** Of the state table for each result of the fixtures. */
  readonly units: { readonly reads: number; readonly writes: number };
  /** Of batches of texts of a kilobyte, by how many functions there are at a time, which take turns; simulated. */
  readonly publicationsPerSecond: Readonly<Record<string, number>>;
}

/**
 * Measures the metrics function's whole work on full batches by processor time: the event's JSON, reading and counting changes,
 * drift, and what it has the AWS SDK do, on services that answer at once.
 */
export async function measureMetrics(
  models: BenchModels,
  texts: readonly string[],
  rounds: number,
): Promise<MetricsRates> {
  const { table, batches, whole, parts } = await countingJobs(await writtenResults(models, texts));
  // Before anything is remembered of this very moment.
  const { reads, writes } = await table.meter(whole.fixtures);
  const seconds = await processorSeconds({ ...whole, ...parts }, rounds);
  const { fixtures, ...others } = mapOf(batches, ({ count }, name) => count / seconds[name]);
  const shares = mapOf(parts, (_, name) => seconds[name] / seconds.fixtures);
  const publication = Object.values(shares).reduce((left, share) => left - share, 1);
  const batchMs = seconds.kilobyteTexts * 1_000;
  const turns: [string, number][] = [];
  for (const functions of [1, 3, 5]) {
    turns.push([String(functions), await publicationsPerSecond(functions, batchMs)]);
  }
  return {
    recordsPerProcessorSecond: fixtures,
    others,
    shares: { ...shares, publication },
    eventKilobytes: mapOf(batches, ({ event, count }) => Buffer.byteLength(event) / count / 1_024),
    units: { reads: reads / BATCH, writes: writes / BATCH },
    publicationsPerSecond: Object.fromEntries(turns),
  };
}

/** The function's work on a batch of each kind of result, and on one of the fixtures' in parts. */
export async function countingJobs(results: WrittenResults) {
  const { deps, table } = await busyStream();
  const batches = mapOf(results, (items, kind) => {
    const count = kind === 'packed' ? items.length : BATCH;
    return { count, event: insertsOf(items, count, { ...TIMES, number: 1e9 }) };
  });
  // By then the function has been at work: it remembers, and there is a profile.
  for (const number of [1e6, 2e6]) {
    const before = JSON.parse(insertsOf(results.fixtures, BATCH, { ...TIMES, number }));
    await publishChanges(before, deps, () => 60_000);
  }
  const restore = table.snapshot();
  const event: DynamoDBStreamEvent = JSON.parse(batches.fixtures.event);
  const changes = readTableEvent(event);
  const { lowConfidenceThreshold, countedByName } = deps;
  const summary = { lowConfidenceThreshold, countedByName, now: LAST };
  const at = { now: LAST, version: 1 };
  return {
    table,
    batches,
    whole: mapOf(batches, (batch) => async () => {
      restore();
      await publishChanges(JSON.parse(batch.event), deps, () => 60_000);
    }),
    parts: {
      parsing: () => JSON.parse(batches.fixtures.event),
      reading: () => readTableEvent(event),
      counting: () => summarize(changes, summary),
      drift: async () => driftData(await profilesAfter(changes, deps, at), deps.drift),
    },
  };
}

const mapOf = <Name extends string, From, To>(
  from: Readonly<Record<Name, From>>,
  by: (value: From, name: Name) => To,
): Record<Name, To> =>
  Object.fromEntries(
    (Object.entries(from) as [Name, From][]).map(([name, value]) => [name, by(value, name)]),
  ) as Record<Name, To>;
