import { randomUUID } from 'node:crypto';
import { probeOf } from '#shared/contracts/canary.ts';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import { poll } from '#shared/poll.ts';
import type { Pipeline } from './pipeline.ts';

/** A result is there within seconds, its metric within minutes, and each look at the latter is paid for. */
const RESULT_PAUSE_MS = 1_000;
const METRIC_PAUSE_MS = { first: 2_000, longest: 20_000 };
/** The last call may begin at the deadline, and is to have some time. */
const LEAST_CALL_MS = 2_000;
/** What clocks of two functions may differ by. */
const CLOCKS_MS = 1_000;

/** What the canary works with. */
export interface CanaryDeps {
  readonly pipeline: Pipeline;
  /** From the first call until the probe has failed. */
  readonly waitSeconds: number;
  /** Language of the probe: one that the deployment's models serve. */
  readonly language: string;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** How a probe ended: when its result and its metric were there, in seconds after it was begun, or what was not, and why. */
export type CanaryReport = { readonly id: string } & (
  | { readonly failed: false; readonly storedAfter: number; readonly countedAfter: number }
  | { readonly failed: true; readonly why: string }
);

/**
 * Puts a probe on the stream and waits until its result is in the table and CloudWatch shows that it was counted; publishes
 * whether that failed.
 *
 * @throws what CloudWatch says where it does not take that: then nothing is published, which the alarm takes as a failure
 */
export async function runCanary(deps: CanaryDeps): Promise<CanaryReport> {
  const startedAt = deps.now();
  const probe = probeOf(randomUUID(), deps.language);
  const { id } = probe;
  let report: CanaryReport;
  try {
    report = { id, failed: false, ...(await follow(probe, startedAt, deps)) };
    deps.log.info(report, 'the probe came through');
  } catch (error) {
    report = { id, failed: true, why: messageOf(error) };
    deps.log.error(report, 'the probe did not come through');
  }
  await deps.pipeline.publish(report.failed, startedAt);
  return report;
}

/** @throws {SpanstreamError} saying which step was not done in time */
async function follow(probe: ReturnType<typeof probeOf>, startedAt: number, deps: CanaryDeps) {
  const { pipeline, now } = deps;
  const deadline = startedAt + deps.waitSeconds * 1_000;
  const signal = () => AbortSignal.timeout(Math.max(LEAST_CALL_MS, deadline - now()));
  const after = () => Math.round((now() - startedAt) / 100) / 10;

  await pipeline.put(probe, signal()).catch((cause: unknown) => {
    throw failure(`it cannot be put on the stream: ${messageOf(cause)}`, cause);
  });
  const arrivedAt = await there(
    'its result',
    deps,
    deadline,
    () => RESULT_PAUSE_MS,
    () => pipeline.arrivalOf(probe.id, signal()),
  );
  const storedAfter = after();
  // Every probe publishes the same metric. One that was counted for an earlier probe shows an age that this one has not reached.
  await there('its metric', deps, deadline, metricPause, async () => {
    const latency = await pipeline.leastLatency(arrivedAt, signal());
    const isOwn = latency !== undefined && latency <= now() - arrivedAt + CLOCKS_MS;
    return isOwn || undefined;
  });
  return { storedAfter, countedAfter: after() };
}

const metricPause = (looks: number): number =>
  Math.min(METRIC_PAUSE_MS.longest, METRIC_PAUSE_MS.first * 2 ** (looks - 1));

/** Waits for something; a look that fails is one that saw nothing, and told where nothing is seen until the end. */
async function there<Found>(
  what: string,
  { now, wait, waitSeconds }: CanaryDeps,
  deadline: number,
  pauseMs: (looks: number) => number,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  let fault: unknown;
  const found = await poll(
    async () => {
      fault = undefined;
      return look().catch((error: unknown) => {
        fault = error;
        return undefined;
      });
    },
    { deadline, pauseMs, now, wait },
  );
  if (found !== undefined) return found;
  const why = fault === undefined ? '' : `: ${messageOf(fault)}`;
  throw failure(`${what} was not there after ${waitSeconds} s${why}`, fault);
}

const failure = (message: string, cause: unknown) =>
  new SpanstreamError('canary-failed', message, { cause });
