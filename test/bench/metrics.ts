import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { createMetricsService } from '#consumers/metrics/cloudwatch.ts';
import { createDigestStore, digestOf, withDigests } from '#consumers/metrics/digests.ts';
import { driftData, profilesAfter } from '#consumers/metrics/drift.ts';
import { createProfileStore } from '#consumers/metrics/profiles.ts';
import type { MetricsDeps } from '#consumers/metrics/publication.ts';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import { readTableEvent } from '#consumers/metrics/read-event.ts';
import { createStateStore } from '#consumers/metrics/state.ts';
import { summarize } from '#consumers/metrics/summarize.ts';
import { createDocumentClient } from '#shared/results-table/dynamodb-results.ts';
import { parseSettings } from '#shared/settings.ts';
import { silentLog } from '#test/consumers/inference/doubles.ts';
import { answeringClient } from './answering-client.ts';
import type { BenchModels } from './model-folders.ts';
import { processorSeconds } from './processor-time.ts';
import { insertsOf, writtenResults } from './result-changes.ts';
import { createStateTable } from './state-table.ts';

const BATCH = 1_000;
/** A stream of this many changes a second, from a table of so many partitions: each batch spans the time in which one fills it. */
const CHANGES_PER_SECOND = 10_000;
const SHARDS = 30;
const SPAN_MS = ((BATCH * SHARDS) / CHANGES_PER_SECOND) * 1_000;
/** The batch's last change was made so long after ten full seconds: as many digests are read for it as for others in the mean. */
const [NOW, AFTER_TEN] = [Date.UTC(2026, 0, 1, 12), 8_000];
/** Other shards' changes of so long ago are counted by then. */
const BEFORE_MS = 20_000;
const settings = parseSettings({}).metrics;

/** What the metrics function takes for a batch of a stream of 10,000 changes a second. */
export interface MetricsRates {
  /** Results of the fixtures as they come. */
  readonly recordsPerProcessorSecond: number;
  /** The same without texts, and other results. */
  readonly others: Readonly<Record<string, number>>;
  /** Shares of the processor time for results of the fixtures. */
  readonly shares: Readonly<Record<string, number>>;
  /** Of the event's JSON, by result. */
  readonly eventKilobytes: Readonly<Record<string, number>>;
  /** Of the state table, for a result of the fixtures. */
  readonly units: { readonly reads: number; readonly writes: number };
}

/**
 * Measures the metrics function's whole work on full batches by processor time: the event's JSON, reading and counting changes,
 * drift, and what it has the AWS SDK do, on services that answer at once. By then the changes of the last seconds of all shards
 * are counted, so that digests are looked for as on such a stream.
 */
export async function measureMetrics(
  models: BenchModels,
  texts: readonly string[],
  rounds: number,
): Promise<MetricsRates> {
  const { fixtures, ...others } = await writtenResults(models, texts);
  const { deps, table } = await busyStream();
  const last = NOW + AFTER_TEN;
  const eventOf = (items: typeof fixtures, count = BATCH, number = 1e9) =>
    insertsOf(items, count, { from: last - SPAN_MS, to: last, number });
  await publishChanges(JSON.parse(eventOf(fixtures, BATCH, 1e6)), deps, minute);
  await publishChanges(JSON.parse(eventOf(fixtures, BATCH, 2e6)), deps, minute);
  const restore = table.snapshot();
  const whole = (event: string) => async () => {
    restore();
    await publishChanges(JSON.parse(event), deps, minute);
  };
  const sizes = { fixtures, ...others };
  const countOf = (items: readonly unknown[]) =>
    Math.max(items.length, items.length < 10 ? 0 : BATCH);
  const events = Object.fromEntries(
    Object.entries(sizes).map(([name, items]) => [name, eventOf(items, countOf(items))]),
  ) as Record<keyof typeof sizes, string>;
  const event: DynamoDBStreamEvent = JSON.parse(events.fixtures);
  const changes = readTableEvent(event);
  const now = deps.now();
  const seconds = await processorSeconds(
    {
      ...(Object.fromEntries(
        Object.entries(events).map(([name, one]) => [name, whole(one)]),
      ) as Record<keyof typeof sizes, () => Promise<void>>),
      parsing: () => JSON.parse(events.fixtures),
      reading: () => readTableEvent(event),
      counting: () => summarize(changes, { ...settings, now }),
      drift: async () =>
        driftData(await profilesAfter(changes, deps, { now, version: 1 }), deps.drift),
    },
    rounds,
  );
  const { parsing, reading, counting, drift } = seconds;
  const parts = { parsing, reading, counting, drift };
  const publication = seconds.fixtures - parsing - reading - counting - drift;
  const rateOf = (name: keyof typeof sizes) => countOf(sizes[name]) / seconds[name];
  const { reads, writes } = await table.meter(whole(events.fixtures));
  const names = Object.keys(sizes) as (keyof typeof sizes)[];
  return {
    recordsPerProcessorSecond: rateOf('fixtures'),
    others: Object.fromEntries(
      names.filter((name) => name !== 'fixtures').map((name) => [name, rateOf(name)]),
    ),
    shares: Object.fromEntries(
      Object.entries({ ...parts, publication }).map(([name, time]) => [
        name,
        time / seconds.fixtures,
      ]),
    ),
    eventKilobytes: Object.fromEntries(
      names.map((name) => [name, Buffer.byteLength(events[name]) / countOf(sizes[name]) / 1_024]),
    ),
    units: { reads: reads / BATCH, writes: writes / BATCH },
  };
}

const minute = () => 60_000;

/** The function's ports in the middle of such a stream. */
async function busyStream() {
  const table = createStateTable();
  const documents = createDocumentClient(answeringClient(table.answer));
  const cloudWatch = new CloudWatchClient({ ...answeringClient(() => '{}'), maxAttempts: 1 });
  const deps: MetricsDeps = {
    store: createStateStore(documents, 'state'),
    digests: createDigestStore(documents, 'state'),
    profiles: createProfileStore(documents, 'state'),
    service: createMetricsService(cloudWatch, 'Spanstream/bench'),
    drift: settings.drift,
    lowConfidenceThreshold: settings.lowConfidenceThreshold,
    countedByName: settings.countedByName,
    readBackMs: settings.readBackSeconds * 1_000,
    log: silentLog,
    now: () => NOW + AFTER_TEN,
    wait: async () => undefined,
  };
  const end = NOW + AFTER_TEN;
  const publications = (BEFORE_MS / 1_000) * (CHANGES_PER_SECOND / BATCH);
  for (let version = 1; version <= publications; version++) {
    const counted = end - BEFORE_MS + (version / publications) * BEFORE_MS;
    const changes = Array.from({ length: BATCH }, (_, at) => ({
      digest: digestOf(`${version} ${at}`),
      createdAt: Math.floor((counted - SPAN_MS + (at / BATCH) * SPAN_MS) / 1_000) * 1_000,
    }));
    await deps.digests.write(withDigests({}, changes), version, end);
  }
  await deps.store.replace(undefined, {
    ...{ version: publications, publicationNumber: publications },
    ...{ digests: {}, movedUntil: end },
  });
  return { deps, table };
}
