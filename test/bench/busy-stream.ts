import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { createMetricsService } from '#consumers/metrics/cloudwatch.ts';
import { createDigestStore } from '#consumers/metrics/digest-store.ts';
import { digestOf, withDigests } from '#consumers/metrics/digests.ts';
import { createProfileStore } from '#consumers/metrics/profiles.ts';
import type { MetricsDeps } from '#consumers/metrics/publication.ts';
import { createStateStore } from '#consumers/metrics/state.ts';
import { createDocumentClient } from '#shared/results-table/dynamodb-results.ts';
import { parseSettings } from '#shared/settings.ts';
import { silentLog } from '#test/consumers/inference/doubles.ts';
import { answeringClient } from './answering-client.ts';
import { createStateTable } from './state-table.ts';

/** Changes of a full batch. */
export const BATCH = 1_000;
const CHANGES_PER_SECOND = 10_000;
/** Shards of the table's stream: at most so few partitions take the writes of so many results. */
const SHARDS = 30;
/** A batch spans the time in which one shard fills it. */
export const SPAN_MS = (BATCH * SHARDS * 1_000) / CHANGES_PER_SECOND;
/** When the batch's last change was made: so long after ten full seconds that as many digests are read for it as in the mean. */
export const LAST = Date.UTC(2026, 0, 1, 12, 0, 8);
/** The changes of so long a time were counted before it. */
const BEFORE_MS = 20_000;

/** The metrics function's ports in the middle of a stream of 10,000 changes a second, with all its adapters of AWS. */
export async function busyStream() {
  const table = createStateTable();
  const documents = createDocumentClient(answeringClient(table.answer));
  const cloudWatch = new CloudWatchClient({ ...answeringClient(() => '{}'), maxAttempts: 1 });
  const settings = parseSettings({}).metrics;
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
    now: () => LAST,
    wait: async () => undefined,
  };
  const publications = (BEFORE_MS / 1_000) * (CHANGES_PER_SECOND / BATCH);
  for (let version = 1; version <= publications; version++) {
    const begin = LAST - SPAN_MS - BEFORE_MS * (1 - version / publications);
    const changes = Array.from({ length: BATCH }, (_, at) => ({
      digest: digestOf(`${version} ${at}`),
      createdAt: Math.floor((begin + (at / BATCH) * SPAN_MS) / 1_000) * 1_000,
    }));
    await deps.digests.write(withDigests({}, changes), version, LAST);
  }
  const known = { version: publications, publicationNumber: publications, digests: {} };
  await deps.store.replace(undefined, { ...known, movedUntil: LAST });
  return { deps, table };
}
