import pLimit from 'p-limit';
import { InterruptedError } from '#shared/cli/interrupt.ts';
import { messageOf } from '#shared/errors.ts';
import { type FailureReason, isAbandonedKey } from './parked-failure.ts';
import type { ListedFailure, RedriveDeps } from './types.ts';

const CONCURRENCY = 16;

/** A parked object and what is known of it before anything is sent. */
export interface SurveyedFailure extends ListedFailure {
  readonly reason: FailureReason | 'unreadable';
  /** `uncertain`: claimed by a run that did not say that it sent it. */
  readonly state: 'waiting' | 'uncertain' | 'redriven';
  /** Why it cannot be read. */
  readonly fault?: string;
}

/**
 * Finds out the reason and state of everything parked; reads only what neither key nor marker tells.
 *
 * @throws {InterruptedError} when the signal aborts
 */
export async function survey(
  deps: Pick<RedriveDeps, 'list' | 'read'>,
  signal?: AbortSignal,
): Promise<readonly SurveyedFailure[]> {
  const limit = pLimit(CONCURRENCY);
  let read = 0;
  const listed = await deps.list();
  return Promise.all(
    listed.map((failure) =>
      limit(async () => {
        if (signal?.aborted) {
          throw new InterruptedError(
            `${read} of ${listed.length} objects were looked at; nothing was sent`,
          );
        }
        const surveyed = await surveyOne(failure, deps.read);
        read += 1;
        return surveyed;
      }),
    ),
  );
}

async function surveyOne(
  listed: ListedFailure,
  read: RedriveDeps['read'],
): Promise<SurveyedFailure> {
  const { key, marker } = listed;
  if (marker) {
    const state = marker.sentAt === undefined ? 'uncertain' : 'redriven';
    return { ...listed, reason: marker.reason, state };
  }
  if (isAbandonedKey(key)) return { ...listed, reason: 'abandoned', state: 'waiting' };
  try {
    return { ...listed, reason: (await read(key)).reason, state: 'waiting' };
  } catch (error) {
    return { ...listed, reason: 'unreadable', state: 'waiting', fault: messageOf(error) };
  }
}

/** Which of them a command is about; what cannot be read belongs to no reason. */
export function choose(
  failures: readonly SurveyedFailure[],
  wanted: { reason?: FailureReason | undefined; olderThanMs?: number | undefined; now: number },
): SurveyedFailure[] {
  const { reason, olderThanMs = 0, now } = wanted;
  return failures.filter(
    (failure) =>
      (reason === undefined || failure.reason === reason) && now - failure.parkedAt >= olderThanMs,
  );
}
