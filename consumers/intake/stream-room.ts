import { type CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { messageOf } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';

const MINUTE_MS = 60_000;
/** How far back an iterator age counts: CloudWatch has it some minutes late. */
const LOOK_BACK_MINUTES = 5;
/** How long an age that was read is believed. */
const BELIEVED_MS = 15_000;
const STEP_MS = 1_000;

/** Leaves the stream its room. */
export interface StreamRoom {
  /**
   * Waits until the stream has room for so many records.
   *
   * @param isGoing asked in every step; waiting ends where it says no
   * @returns whether it has
   */
  waitFor(records: number, isGoing: () => Promise<boolean>): Promise<boolean>;
}

/** The share of the full rate that an iterator age leaves: all of it up to half the limit, nothing from the limit on. */
export const shareOfRate = (age: number, limit: number): number =>
  Math.min(1, Math.max(0, 2 - (2 * age) / limit));

/** Waits by the iterator age (milliseconds); where none is known, nothing is waited for. */
export function createStreamRoom(options: {
  readonly iteratorAge: () => Promise<number | undefined>;
  readonly limitMs: number;
  readonly ratePerSecond: number;
  readonly log: Logger;
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}): StreamRoom {
  const { limitMs, ratePerSecond, log, now, wait } = options;
  let age: number | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  async function share(): Promise<number> {
    if (now() - readAt >= BELIEVED_MS) {
      readAt = now();
      try {
        age = await options.iteratorAge();
      } catch (error) {
        log.warn({ why: messageOf(error) }, 'the iterator age cannot be read: the last one counts');
      }
    }
    return shareOfRate(age ?? 0, limitMs);
  }

  return {
    async waitFor(records, isGoing) {
      const atFullRate = (records / ratePerSecond) * 1_000;
      for (let waited = 0; ; waited += STEP_MS) {
        const left = await share();
        const owed = left > 0 ? atFullRate * (1 / left - 1) : Number.POSITIVE_INFINITY;
        if (waited >= owed) return true;
        if (!(await isGoing())) return false;
        if (waited === 0 && left === 0) log.info({ age }, 'the stream has no room: waiting');
        await wait(Math.min(STEP_MS, owed - waited));
      }
    },
  };
}

/** The iterator age of a function as CloudWatch has it, the latest of the last minutes; undefined where there is none. */
export function createIteratorAge(
  client: CloudWatchClient,
  functionName: string,
  now: () => number,
): () => Promise<number | undefined> {
  return async () => {
    const { Datapoints = [] } = await client.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/Lambda',
        MetricName: 'IteratorAge',
        Dimensions: [{ Name: 'FunctionName', Value: functionName }],
        StartTime: new Date(now() - LOOK_BACK_MINUTES * MINUTE_MS),
        EndTime: new Date(now() + MINUTE_MS),
        Period: 60,
        Statistics: ['Maximum'],
      }),
    );
    const byTime = (point: { Timestamp?: Date | undefined }) => point.Timestamp?.getTime() ?? 0;
    return Datapoints.sort((one, other) => byTime(other) - byTime(one))[0]?.Maximum;
  };
}
