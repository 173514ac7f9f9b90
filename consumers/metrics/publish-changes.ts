import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { messageOf } from '#shared/errors.ts';
import { withDigests, withoutDigested } from './digests.ts';
import { driftData, profilesAfter } from './drift.ts';
import { type MetricsDeps, publish, settlePending, UnsettledError } from './publication.ts';
import { readTableEvent, type TableChange } from './read-event.ts';
import { type MetricsState, versionAfter } from './state.ts';
import { type MetricDatum, summarize } from './summarize.ts';

const RESERVE_MS = 1_000;
/** Below CloudWatch's 1,000 metrics and 1 MB a call, and below what the state's item has room for. */
const MOST_METRICS = 900;
const MOST_CHARACTERS = 80_000;
const MOST_LOGGED = 5;
const NOTHING = { version: 0, digests: {}, movedUntil: 0 };

/** So many changes are counted by one publication, for its digests stand in the state's item with it. */
const MOST_CHANGES = 5_000;

/**
 * Publishes the metrics of a batch of the table's stream, each change once however often it is delivered, in whichever order,
 * batches and number at a time.
 *
 * What was counted and what is to be published change in one conditional write, so that a crash at any point leaves either
 * nothing done or a pending publication; that one is looked up in CloudWatch by its number, and sent again only if it never
 * arrived.
 *
 * @param remaining milliseconds until the function's time-out
 * @throws {UnsettledError} where it is not known whether a publication arrived: Lambda delivers the batch again
 */
export async function publishChanges(
  event: DynamoDBStreamEvent,
  deps: MetricsDeps,
  remaining: () => number,
): Promise<DynamoDBBatchResponse> {
  let left = readOrTell(event, deps);
  const end = deps.now() + remaining() - RESERVE_MS;
  while (left.length > 0) {
    const state = await deps.store.read();
    if (state?.pending) {
      await settlePending(state, state.pending, deps, end);
      continue;
    }
    left = await notCounted(left, state, deps);
    if (left.length === 0) break;
    if (deps.now() >= end) throw new UnsettledError('no time is left to publish in');
    left = await publishSome(state, left, deps, end);
  }
  return { batchItemFailures: [] };
}

function readOrTell(event: DynamoDBStreamEvent, deps: MetricsDeps): readonly TableChange[] {
  try {
    return readTableEvent(event);
  } catch (error) {
    deps.log.error({ reason: messageOf(error) }, 'a batch cannot be counted, now or ever');
    throw error;
  }
}

/** The changes that are yet to be counted, each once. */
async function notCounted(
  changes: readonly TableChange[],
  {
    version,
    digests,
    movedUntil,
  }: Pick<MetricsState, 'version' | 'digests' | 'movedUntil'> = NOTHING,
  deps: MetricsDeps,
): Promise<TableChange[]> {
  const left = withoutDigested(changes, Object.values(digests));
  const old = left.filter(({ createdAt }) => createdAt < movedUntil);
  return old.length > 0 ? withoutDigested(left, await deps.digests.read(old, version)) : left;
}

/** Claims and publishes as many changes as one call can carry; gives back what is left of them, all where the claim was lost. */
async function publishSome(
  state: MetricsState | undefined,
  changes: readonly TableChange[],
  deps: MetricsDeps,
  end: number,
): Promise<readonly TableChange[]> {
  const now = deps.now();
  const { part, data } = cutToSize(changes.slice(0, MOST_CHANGES), deps, now);
  const profiles = await profilesAfter(part, deps, { now, version: versionAfter(state) });
  tellIgnored(part, deps);
  const { digests, movedUntil } = state ?? NOTHING;
  const known = {
    // Begun at the clock, so that a state table made anew never reuses the numbers of the one before.
    publicationNumber: state?.publicationNumber ?? now,
    digests: withDigests(digests, part),
    movedUntil,
    ...(profiles.length > 0 && { profiles }),
  };
  const all = [...data, ...driftData(profiles, deps.drift)];
  const claimed = await publish(state, known, { data: all, later: [], refusals: 0 }, deps, end);
  return claimed ? changes.slice(part.length) : changes;
}

function tellIgnored(part: readonly TableChange[], deps: MetricsDeps): void {
  const ignored = part.flatMap(({ sequenceNumber, ignored }) =>
    ignored === undefined ? [] : [{ sequenceNumber, reason: ignored }],
  );
  if (ignored.length === 0) return;
  const first = ignored.slice(0, MOST_LOGGED);
  deps.log.warn({ count: ignored.length, first }, 'changes of the table are not counted');
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
