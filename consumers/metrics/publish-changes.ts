import { messageOf } from '#shared/errors.ts';
import { type MetricsDeps, publish, settlePending, UnsettledError } from './publication.ts';
import { readTableEvent, type TableChange, type WindowedStreamEvent } from './read-event.ts';
import { type MetricsState, positionOf, withPosition } from './state.ts';
import { type MetricDatum, summarize } from './summarize.ts';

const RESERVE_MS = 1_000;
/** Below CloudWatch's 1,000 metrics and 1 MB a call, and below what the state's item has room for. */
const MOST_METRICS = 900;
const MOST_CHARACTERS = 80_000;
const MOST_LOGGED = 5;

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
 * @throws {UnsettledError} where it is not known whether a publication arrived: Lambda delivers the batch again
 */
export async function publishChanges(
  event: WindowedStreamEvent,
  deps: MetricsDeps,
  remaining: () => number,
): Promise<WindowedResponse> {
  const { shardId, changes } = readOrTell(event, deps);
  const end = deps.now() + remaining() - RESERVE_MS;
  while (changes.length > 0) {
    const state = await deps.store.read();
    if (state?.pending) {
      await settlePending(state, state.pending, deps, end);
      continue;
    }
    const fresh = notCounted(changes, shardId, state);
    if (fresh.length === 0) break;
    if (deps.now() >= end) throw new UnsettledError('no time is left to publish in');
    await publishSome(state, shardId, fresh, deps, end);
  }
  return { state: {}, batchItemFailures: [] };
}

function readOrTell(event: WindowedStreamEvent, deps: MetricsDeps) {
  try {
    return readTableEvent(event);
  } catch (error) {
    deps.log.error({ reason: messageOf(error) }, 'a batch cannot be counted, now or ever');
    throw error;
  }
}

/** The changes that are yet to be counted. Of a shard that is not known, those that a forgotten one may have counted are ignored. */
function notCounted(
  changes: readonly TableChange[],
  shardId: string,
  { positions = '', forgottenUpTo = 0 }: Partial<MetricsState> = {},
): TableChange[] {
  const counted = positionOf(positions, shardId);
  if (counted !== undefined) return changes.filter((change) => change.sequenceNumber > counted);
  return changes.map(({ item, ...change }) =>
    item && change.createdAt <= forgottenUpTo
      ? { ...change, ignored: 'the change may have been counted, in a shard since forgotten' }
      : { ...change, ...(item && { item }) },
  );
}

/** Claims and publishes as many changes as one call can carry. */
async function publishSome(
  state: MetricsState | undefined,
  shardId: string,
  fresh: readonly TableChange[],
  deps: MetricsDeps,
  end: number,
): Promise<void> {
  const now = deps.now();
  const { part, data } = cutToSize(fresh, deps, now);
  tellIgnored(part, shardId, deps);
  const counted = {
    upTo: part.at(-1)?.sequenceNumber ?? 0n,
    createdAt: Math.min(now, Math.max(...part.map(({ createdAt }) => createdAt || now))),
  };
  const known = {
    // Begun at the clock, so that a state table made anew never reuses the numbers of the one before.
    publicationNumber: state?.publicationNumber ?? now,
    ...withPosition(state ?? { positions: '' }, shardId, counted, now),
  };
  const unsent = data.length > 0 ? { data, later: [], refusals: 0 } : undefined;
  await publish(state, known, unsent, deps, end);
}

function tellIgnored(part: readonly TableChange[], shardId: string, deps: MetricsDeps): void {
  const ignored = part.flatMap(({ sequenceNumber, ignored }) =>
    ignored === undefined ? [] : [{ sequenceNumber: String(sequenceNumber), reason: ignored }],
  );
  if (ignored.length === 0) return;
  const first = ignored.slice(0, MOST_LOGGED);
  deps.log.warn({ shardId, count: ignored.length, first }, 'changes of the table are not counted');
}

/** The longest run of changes, from the first on, whose data fit into one call, found by halving. */
function cutToSize(
  fresh: readonly TableChange[],
  deps: MetricsDeps,
  now: number,
): { part: readonly TableChange[]; data: MetricDatum[] } {
  const { lowConfidenceThreshold, countedByName } = deps;
  for (let part = fresh; ; part = part.slice(0, Math.ceil(part.length / 2))) {
    const data = summarize(part, { lowConfidenceThreshold, countedByName, now });
    const fits = data.length <= MOST_METRICS && JSON.stringify(data).length <= MOST_CHARACTERS;
    if (fits || part.length === 1) return { part, data };
  }
}
