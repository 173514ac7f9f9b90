import pLimit from 'p-limit';
import { InterruptedError } from '#shared/cli/interrupt.ts';
import type { FailureReason } from '#shared/contracts/rejection.ts';
import { messageOf } from '#shared/errors.ts';
import { isAbandonedKey, type ParkedFailure } from './object.ts';
import type { FailuresBucket, ListedFailure } from './read.ts';

const CONCURRENCY = 16;
const MOST_OBJECTS = 100;
const MOST_BYTES = 32 * 1024 * 1024;

/** Bytes of a parked object on their way to the stream; they remember which object they came from. */
export type KeyedBlob = ParkedFailure['blobs'][number] & { readonly key: string };

/** What a redrive works on: the bucket, and a way to put blobs on the stream, which says what it did not take and why. */
export interface RedriveDeps extends FailuresBucket {
  send(blobs: readonly KeyedBlob[]): Promise<{
    readonly stranded: readonly { readonly blob: KeyedBlob; readonly reason: string }[];
    /** Set where the stream refuses every call. */
    readonly stopped?: string;
  }>;
}

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
  bucket: Pick<FailuresBucket, 'list' | 'read'>,
  signal?: AbortSignal,
): Promise<readonly SurveyedFailure[]> {
  const limit = pLimit(CONCURRENCY);
  let read = 0;
  const listed = await bucket.list();
  return Promise.all(
    listed.map((failure) =>
      limit(async () => {
        if (signal?.aborted) {
          throw new InterruptedError(
            `${read} of ${listed.length} objects were looked at; nothing was sent`,
          );
        }
        const surveyed = await surveyOne(failure, bucket.read);
        read += 1;
        return surveyed;
      }),
    ),
  );
}

async function surveyOne(
  listed: ListedFailure,
  read: FailuresBucket['read'],
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

/** What became of the chosen objects; those that are in no count were left alone because the run was interrupted. */
export interface RedriveReport {
  /** On the stream, and marked so. */
  readonly redriven: number;
  /** Redriven by an earlier run. */
  readonly skipped: number;
  /** Claimed by another run that did not say that it sent them; left alone. */
  readonly uncertain: readonly string[];
  /** Not surely on the stream, or sent without a mark of it; `reason` says which. */
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
}

/** How a redrive goes about it. */
export interface RedriveOptions {
  /** Sends uncertain objects too, although they may be on the stream already. */
  readonly retryUncertain?: boolean | undefined;
  /** When it aborts, nothing further is claimed; what is claimed is sent and marked. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of objects settled. */
  readonly onProgress?: ((settled: number) => void) | undefined;
}

interface Claimed {
  readonly key: string;
  readonly reason: FailureReason;
  readonly blobs: readonly KeyedBlob[];
}

/**
 * Sends parked objects through the stream again: each is read, claimed by a marker, sent, and its marker completed, in this order.
 * A run that dies between any two of these steps leaves it either unclaimed (the next run sends it) or uncertain (it is
 * named, and sent only on request).
 */
export async function redrive(
  chosen: readonly SurveyedFailure[],
  deps: Omit<RedriveDeps, 'list'>,
  options: RedriveOptions = {},
): Promise<RedriveReport> {
  const { retryUncertain = false, signal, onProgress } = options;
  const limit = pLimit(CONCURRENCY);
  const failed: { key: string; reason: string }[] = [];
  const skipped = chosen.filter(({ state }) => state === 'redriven').length;
  const isDue = ({ state }: SurveyedFailure) =>
    state === 'waiting' || (state === 'uncertain' && retryUncertain);
  const uncertain = chosen
    .filter((failure) => failure.state === 'uncertain' && !retryUncertain)
    .map(({ key }) => key);
  let redriven = 0;
  let stopped: string | undefined;
  const report = () => onProgress?.(redriven + skipped + uncertain.length + failed.length);

  const claim = async (failure: SurveyedFailure): Promise<Claimed | undefined> => {
    const { key, marker } = failure;
    try {
      const { reason, blobs } = await deps.read(key);
      if (!(await deps.putMarker(key, reason, marker?.tag))) uncertain.push(key);
      else return { key, reason, blobs: blobs.map((blob) => ({ ...blob, key })) };
    } catch (error) {
      failed.push({ key, reason: `nothing of it was sent: ${messageOf(error)}` });
    }
    return undefined;
  };
  const complete = async ({ key, reason }: Claimed): Promise<void> => {
    try {
      await deps.completeMarker(key, reason);
      redriven += 1;
    } catch (error) {
      failed.push({
        key,
        reason: `it was sent, but its marker does not say so: ${messageOf(error)}`,
      });
    }
  };

  for (const group of groupsOf(chosen.filter(isDue))) {
    if (signal?.aborted) break;
    if (stopped !== undefined) {
      const reason = `nothing of it was sent: the stream refuses every call: ${stopped}`;
      failed.push(...group.map(({ key }) => ({ key, reason })));
      continue;
    }
    const answers = await Promise.all(group.map((failure) => limit(() => claim(failure))));
    const claimed = answers.filter((answer) => answer !== undefined);
    if (claimed.length > 0) {
      const { reasons, stop } = await sendAll(claimed, deps.send);
      stopped = stop;
      for (const [key, reason] of reasons) failed.push({ key, reason });
      const sent = claimed.filter(({ key }) => !reasons.has(key));
      await Promise.all(sent.map((object) => limit(() => complete(object))));
    }
    report();
  }
  report();
  return { redriven, skipped, uncertain, failed };
}

/** Sends claimed objects; `reasons` says, per key, why not all of an object is surely on the stream. */
async function sendAll(
  claimed: readonly Claimed[],
  send: RedriveDeps['send'],
): Promise<{ reasons: Map<string, string>; stop: string | undefined }> {
  try {
    const { stranded, stopped } = await send(claimed.flatMap(({ blobs }) => blobs));
    const reasons = new Map<string, string>();
    for (const { blob, reason } of stranded) {
      if (!reasons.has(blob.key)) reasons.set(blob.key, `the stream did not take it: ${reason}`);
    }
    return { reasons, stop: stopped };
  } catch (error) {
    const reason = `it may not have been sent: ${messageOf(error)}`;
    return { reasons: new Map(claimed.map(({ key }) => [key, reason])), stop: messageOf(error) };
  }
}

/** Groups that are small enough to be held in memory; an object that is larger goes alone. */
function* groupsOf(failures: readonly SurveyedFailure[]): Generator<SurveyedFailure[]> {
  let group: SurveyedFailure[] = [];
  let bytes = 0;
  for (const failure of failures) {
    const full = group.length >= MOST_OBJECTS || bytes + failure.size > MOST_BYTES;
    if (group.length > 0 && full) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(failure);
    bytes += failure.size;
  }
  if (group.length > 0) yield group;
}
