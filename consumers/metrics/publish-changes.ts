import { randomUUID } from 'node:crypto';
import { metricNames } from '#shared/metric-names.ts';
import { aggregate, type Datum } from './aggregate.ts';
import { type MetricsDeps, publishPending, settlePending, UnsettledError } from './publication.ts';
import { type Change, readTableEvent, type WindowedStreamEvent } from './read-event.ts';
import type { MetricsState } from './state.ts';

const RESERVE_MS = 1_000;
/** No record of a table's stream is delivered after 24 hours. */
const SHARD_MEMORY_MS = 25 * 60 * 60 * 1_000;
/** Below CloudWatch's 1,000 metrics and 1 MB a call, and below what one item of the state table holds. */
const MOST_METRICS = 900;
const MOST_CHARACTERS = 250_000;

/** What Lambda wants to hear of a batch in a tumbling window. */
export interface WindowedResponse {
  readonly state: Record<string, never>;
  readonly batchItemFailures: [];
}

/**
 * Publishes the metrics of a batch of the table's stream, each change once however often it is delivered.
 *
 * What was counted and what is to be published change in one conditional write, so that a crash at any point leaves either
 * nothing done or a pending publication; that one is looked up in CloudWatch by its number, and sent again only if it never
 * arrived.
 *
 * @param remaining milliseconds until the function's time-out
 * @throws {UnsettledError} where a publication's fate is open: Lambda delivers the batch again
 */
export async function publishChanges(
  event: WindowedStreamEvent,
  deps: MetricsDeps,
  remaining: () => number,
): Promise<WindowedResponse> {
  const { shardId, changes } = readTableEvent(event);
  const end = deps.now() + remaining() - RESERVE_MS;
  while (changes.length > 0) {
    const state = await deps.store.read();
    if (state?.pending) {
      await settlePending(state, state.pending, deps, end);
      continue;
    }
    const counted = state?.shards[shardId]?.countedUpTo;
    const fresh = counted === undefined ? changes : after(changes, BigInt(counted));
    if (fresh.length === 0) break;
    if (deps.now() >= end) throw new UnsettledError('no time is left to publish in');
    await publishSome(state, shardId, fresh, deps);
  }
  return { state: {}, batchItemFailures: [] };
}

const after = (changes: readonly Change[], counted: bigint): Change[] =>
  changes.filter((change) => change.sequenceNumber > counted);

/** Claims and publishes as many changes as one call can carry. */
async function publishSome(
  state: MetricsState | undefined,
  shardId: string,
  fresh: readonly Change[],
  deps: MetricsDeps,
): Promise<void> {
  const now = deps.now();
  // Begun at the clock, so that a state table made anew never reuses the numbers of the one before.
  const number = (state?.publicationNumber ?? now) + 1;
  const { last, data } = cutToSize(fresh, deps, now);
  const numbered: Datum[] = [
    ...data,
    { name: metricNames.publicationNumber, unit: 'None', values: [number], counts: [1] },
  ];
  const next: MetricsState = {
    version: (state?.version ?? 0) + 1,
    publicationNumber: number,
    shards: {
      ...Object.fromEntries(
        Object.entries(state?.shards ?? {}).filter(([, { at }]) => now - at < SHARD_MEMORY_MS),
      ),
      [shardId]: { countedUpTo: String(last), at: now },
    },
    ...(data.length > 0 && {
      pending: { number, data: numbered, claimedAt: now, claim: randomUUID() },
    }),
  };
  const won = await deps.store.replace(state, next);
  // Lost, or won by a first try whose answer went missing: the claim's name tells which.
  const current = won ? next : await deps.store.read();
  if (current?.pending && current.pending.claim === next.pending?.claim) {
    await publishPending(current, current.pending, deps);
  }
}

/** The longest run of changes, from the first on, whose data fit into one call, found by halving. */
function cutToSize(
  fresh: readonly Change[],
  deps: MetricsDeps,
  now: number,
): { last: bigint; data: Datum[] } {
  const { lowConfidenceThreshold } = deps;
  for (let part = fresh; ; part = part.slice(0, Math.ceil(part.length / 2))) {
    const data = aggregate(part, { lowConfidenceThreshold, now });
    const fits = data.length <= MOST_METRICS && JSON.stringify(data).length <= MOST_CHARACTERS;
    if (fits || part.length === 1) return { last: part.at(-1)?.sequenceNumber ?? 0n, data };
  }
}
