import { randomUUID } from 'node:crypto';
import { SpanstreamError } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import { metricNames } from '#shared/metric-names.ts';
import type { MetricsService, PutOutcome } from './cloudwatch.ts';
import type { DigestStore } from './digest-store.ts';
import { endOf } from './digests.ts';
import type { DriftOptions } from './drift.ts';
import type { ProfileStore } from './profiles.ts';
import {
  type MetricsState,
  type Pending,
  type StateStore,
  type Unsent,
  versionAfter,
} from './state.ts';
import type { MetricDatum, SummaryOptions } from './summarize.ts';

/** From its claim on, a publication is sent within this time or left to whoever comes next. */
const PUBLISH_WITHIN_MS = 6_000;
/** A publication takes some 50 ms: who waits for it is to find its end soon, for there is one at a time. */
const POLL_MS = 25;
const LOOK_UP_MS = 1_000;
/** Beyond so many characters of digests in the state they are moved: what is written with every publication stays short. */
const MOST_DIGESTS = 800;
/** So often CloudWatch must not take a datum, and take something else at once, before it is the datum's fault. */
const MOST_REFUSALS = 3;

/** What the metrics consumer works with. */
export interface MetricsDeps extends SummaryOptions {
  readonly store: StateStore;
  readonly digests: DigestStore;
  readonly profiles: ProfileStore;
  readonly drift: DriftOptions;
  readonly service: MetricsService;
  /** How long CloudWatch may take until a publication can be read back. */
  readonly readBackMs: number;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** A publication that a later delivery must settle: the batch is handed back whole. */
export class UnsettledError extends SpanstreamError {
  constructor(message: string) {
    super('unsettled-publication', message);
  }
}

type Claimed = MetricsState & { readonly pending: Pending };

const count = (name: string, value: number): MetricDatum => ({
  name,
  unit: 'Count',
  values: [value],
  counts: [1],
});

/**
 * Writes down the next state, with data to send if there are any, and sends them: each part in a call of its own, and on
 * until all have arrived or were dropped. A part that CloudWatch does not take, though it takes another at once, is halved, and
 * dropped where it is one datum: it blocks no other.
 *
 * @param known what was and what is to be; without the publication's number, claim and version
 * @param end epoch milliseconds until which another call may begin
 * @returns whether the next state was written down; if not, somebody else was faster, and the state must be read again
 * @throws {UnsettledError} where a part did not arrive or nobody knows; it stays pending
 */
export async function publish(
  previous: MetricsState | undefined,
  known: Omit<MetricsState, 'version' | 'pending'>,
  unsent: Unsent | undefined,
  deps: MetricsDeps,
  end: number,
): Promise<boolean> {
  const first = await claim(previous, known, unsent, deps, end);
  let claimed = first;
  while (claimed) {
    const sending = send(claimed.pending, deps);
    // What is claimed is counted, however it is sent: what leaves the state after the last part is written meanwhile.
    const isLast = claimed.pending.later.length === 0;
    const moving = isLast ? moveOut(withoutPending(claimed), claimed.version, deps) : undefined;
    await Promise.allSettled([sending, moving]);
    const outcome = await sending;
    const rest =
      outcome.status === 'arrived'
        ? afterArrival(claimed.pending)
        : await afterFailure(claimed, outcome, deps);
    claimed = await claim(claimed, withoutPending(claimed), rest, deps, end, moving);
  }
  return first !== undefined;
}

/**
 * Settles what was left pending: goes on to the next part if it arrived, sends it again if it surely did not, else waits a
 * moment.
 *
 * @param end epoch milliseconds until which waiting makes sense
 * @throws {UnsettledError} where it is not known before then whether it arrived
 */
export async function settlePending(
  state: MetricsState,
  pending: Pending,
  deps: MetricsDeps,
  end: number,
): Promise<void> {
  if (!pending.refused) {
    // The time is taken before the look-up, so that nothing can arrive between the two.
    const now = deps.now();
    const sentUntil = pending.claimedAt + PUBLISH_WITHIN_MS;
    const openUntil = sentUntil + deps.readBackMs;
    const mayBeUnderWay = now < sentUntil;
    if (!mayBeUnderWay) {
      const largest = await deps.service.largestNumber(pending.claimedAt, now);
      if (largest !== undefined && largest >= pending.number) {
        await publish(state, withoutPending(state), afterArrival(pending), deps, end);
        return;
      }
    }
    if (now < openUntil) {
      const next = mayBeUnderWay ? sentUntil : openUntil;
      if (now >= end || (next > end && !mayBeUnderWay)) {
        throw new UnsettledError(`whether publication ${pending.number} arrived is not known yet`);
      }
      return deps.wait(mayBeUnderWay ? POLL_MS : LOOK_UP_MS);
    }
  }
  await publish(state, withoutPending(state), againOf(pending, deps), deps, end);
}

function withoutPending(state: MetricsState): Omit<MetricsState, 'version' | 'pending'> {
  const { pending: _, version: __, ...rest } = state;
  return rest;
}

/**
 * Writes the state down; gives it back where it holds data that are now ours to send, and nobody else's.
 *
 * @param moving what leaves the state with its last data, where that is being written already
 */
async function claim(
  previous: MetricsState | undefined,
  known: Omit<MetricsState, 'version' | 'pending'>,
  unsent: Unsent | undefined,
  deps: MetricsDeps,
  end: number,
  moving?: Promise<typeof known>,
): Promise<Claimed | undefined> {
  const version = versionAfter(previous);
  if (!unsent) {
    const settled = previous ? await (moving ?? moveOut(known, previous.version, deps)) : known;
    await deps.store.replace(previous, { ...settled, version });
    return undefined;
  }
  const claimedAt = deps.now();
  const tooLate = claimedAt >= end;
  const number = known.publicationNumber + 1;
  const pending: Pending = {
    ...unsent,
    number,
    claimedAt,
    claim: randomUUID(),
    ...(tooLate && { refused: true }),
  };
  const next = { ...known, version, publicationNumber: number, pending };
  const won = await deps.store.replace(previous, next);
  // Lost, or won by a first try whose answer went missing: the claim's name tells which.
  const current = won ? next : await deps.store.read();
  if (current?.pending?.claim !== pending.claim) return undefined;
  if (tooLate) throw new UnsettledError(`no time is left to send publication ${number} in`);
  return { ...current, pending: current.pending };
}

/**
 * Moves profiles from the state to items of their own, and digests where they have become many. They are there to be read
 * before the state is without them; whoever moves those of the same version writes the same items.
 */
async function moveOut(
  { profiles = [], ...known }: Omit<MetricsState, 'version' | 'pending'>,
  version: number,
  deps: MetricsDeps,
): Promise<typeof known> {
  const isLong = JSON.stringify(known.digests).length > MOST_DIGESTS;
  await Promise.all([
    ...profiles.map((profile) => deps.profiles.write(profile)),
    isLong && deps.digests.write(known.digests, version, deps.now()),
  ]);
  if (!isLong) return known;
  const movedUntil = Math.max(known.movedUntil, endOf(known.digests));
  return { ...known, digests: {}, movedUntil };
}

/** Sends a publication under its number; what is throttled is sent again until its time is over. */
async function send(pending: Pending, deps: MetricsDeps): Promise<PutOutcome> {
  const { publicationNumber } = metricNames;
  const number: MetricDatum = { ...count(publicationNumber, pending.number), unit: 'None' };
  for (let attempt = 0; ; attempt++) {
    const outcome = await put([...pending.data, number], pending.claimedAt, deps);
    if (outcome.status !== 'throttled') return outcome;
    await deps.wait(Math.random() * Math.min(2_000, 100 * 2 ** attempt));
  }
}

/** One call, within what is left of the claim's time. */
async function put(
  data: readonly MetricDatum[],
  claimedAt: number,
  deps: MetricsDeps,
): Promise<PutOutcome> {
  const left = claimedAt + PUBLISH_WITHIN_MS - deps.now();
  // Nothing was sent, or all that was sent was throttled: it surely did not arrive.
  if (left <= 0) return { status: 'refused', reason: 'it was not sent in time' };
  return deps.service.put(data, claimedAt, AbortSignal.timeout(Math.ceil(left)));
}

const afterArrival = ({ later: [data, ...later] }: Unsent): Unsent | undefined =>
  data && { data, later, refusals: 0 };

/**
 * What is to be sent after a call that did not go through.
 *
 * @throws {UnsettledError} where that is not to be known yet, or CloudWatch takes nothing at all; the part stays pending
 */
async function afterFailure(
  state: Claimed,
  outcome: Exclude<PutOutcome, { status: 'arrived' }>,
  deps: MetricsDeps,
): Promise<Unsent | undefined> {
  const { pending } = state;
  const { status, reason } = outcome;
  deps.log.warn({ number: pending.number, status, reason }, 'a publication did not go through');
  // Whether CloudWatch takes anything at all: if not, the data are not to blame.
  const probe = await put([count(metricNames.dataRefused, 0)], pending.claimedAt, deps);
  const refusals = pending.refusals + (probe.status === 'arrived' ? 1 : 0);
  const failed = { ...pending, refusals, ...(status === 'refused' && { refused: true }) };
  if (failed.refused && probe.status === 'arrived') return againOf(failed, deps);
  await deps.store.replace(state, { ...state, version: state.version + 1, pending: failed });
  throw new UnsettledError(`publication ${pending.number}: ${reason}`);
}

/** What is to be sent in place of data that surely did not arrive: they again, their halves, or that they were dropped. */
function againOf(pending: Pending, deps: MetricsDeps): Unsent | undefined {
  const { data, later, refusals } = pending;
  if (refusals < (data.length > 1 ? 1 : MOST_REFUSALS)) return { data, later, refusals };
  if (data.length > 1) {
    const half = Math.ceil(data.length / 2);
    return { data: data.slice(0, half), later: [data.slice(half), ...later], refusals: 0 };
  }
  const [dropped] = data;
  deps.log.error({ dropped }, 'CloudWatch takes everything but this datum, which is dropped');
  if (!dropped || dropped.name === metricNames.dataRefused) return afterArrival(pending);
  return { data: [count(metricNames.dataRefused, 1)], later, refusals: 0 };
}
