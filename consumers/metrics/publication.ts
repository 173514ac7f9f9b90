import { randomUUID } from 'node:crypto';
import { SpanstreamError } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import type { MetricsService } from './cloudwatch.ts';
import type { MetricsState, Pending, StateStore } from './state.ts';

/** From its claim on, a publication is sent within this time or left to whoever comes next. */
const PUBLISH_WITHIN_MS = 6_000;
const POLL_MS = 100;
const LOOK_UP_MS = 1_000;

/** What the metrics consumer works with. */
export interface MetricsDeps {
  readonly store: StateStore;
  readonly service: MetricsService;
  readonly lowConfidenceThreshold: number;
  /** How long CloudWatch may take until a publication can be read back. */
  readonly readBackMs: number;
  readonly log: Logger;
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** A publication that a later delivery must settle: the batch is handed back whole. */
export class UnsettledError extends SpanstreamError {
  constructor(message: string) {
    super('unsettled-publication', message);
  }
}

/**
 * Sends a claimed publication and forgets it once it arrived.
 *
 * @throws {UnsettledError} where it did not arrive or nobody knows; it stays pending
 */
export async function publishPending(
  state: MetricsState,
  pending: Pending,
  deps: MetricsDeps,
): Promise<void> {
  const end = pending.claimedAt + PUBLISH_WITHIN_MS;
  for (let attempt = 0; ; attempt++) {
    const left = end - deps.now();
    if (left <= 0) {
      // Nothing was sent, or all that was sent was throttled: it surely did not arrive.
      await replacePending(state, { ...pending, refused: true }, deps);
      throw new UnsettledError(`publication ${pending.number} was not sent in time`);
    }
    const outcome = await deps.service.put(
      pending.data,
      pending.claimedAt,
      AbortSignal.timeout(Math.ceil(left)),
    );
    if (outcome.status === 'arrived') return forget(state, deps);
    const { status, reason } = outcome;
    deps.log.warn({ number: pending.number, status, reason }, 'a publication did not go through');
    if (status === 'throttled') {
      await deps.wait(Math.random() * Math.min(2_000, 100 * 2 ** attempt));
      continue;
    }
    if (status === 'refused') await replacePending(state, { ...pending, refused: true }, deps);
    throw new UnsettledError(`publication ${pending.number}: ${reason}`);
  }
}

/**
 * Settles what was left pending: forgets it if it arrived, sends it again if it surely did not, else waits a moment.
 *
 * @param end epoch milliseconds until which waiting makes sense
 * @throws {UnsettledError} where its fate cannot be known before then
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
      if (largest !== undefined && largest >= pending.number) return forget(state, deps);
    }
    if (now < openUntil) {
      const next = mayBeUnderWay ? sentUntil : openUntil;
      if (now >= end || (next > end && !mayBeUnderWay)) {
        throw new UnsettledError(`the fate of publication ${pending.number} is open`);
      }
      return deps.wait(mayBeUnderWay ? POLL_MS : LOOK_UP_MS);
    }
  }
  const { refused: _, ...rest } = pending;
  const mine = { ...rest, claimedAt: deps.now(), claim: randomUUID() };
  const claimed = await replacePending(state, mine, deps);
  if (claimed) await publishPending(claimed, mine, deps);
}

async function replacePending(
  state: MetricsState,
  pending: Pending,
  deps: MetricsDeps,
): Promise<MetricsState | undefined> {
  const next = { ...state, version: state.version + 1, pending };
  return (await deps.store.replace(state, next)) ? next : undefined;
}

/** Forgets the pending publication. A lost race means that somebody else saw it arrive. */
async function forget(state: MetricsState, deps: MetricsDeps): Promise<void> {
  const { pending: _, ...rest } = state;
  await deps.store.replace(state, { ...rest, version: state.version + 1 });
}
