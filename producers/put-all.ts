import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf, ValidationError } from '#shared/errors.ts';
import { backoffDelay } from '#shared/retry.ts';
import { createBacklog, type Entry, type KeyOrder } from './backlog.ts';
import { createLingeringReader } from './lingering-reader.ts';
import {
  type Blob,
  type CallReport,
  MAXIMUM_CALL_BYTES,
  MAXIMUM_CALL_RECORDS,
  type PutRecords,
  sendCall,
} from './put-records.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** Most that a `put` reads ahead of what the stream has taken: records that wait for their turn or their time. */
const MAXIMUM_IN_HAND = 4 * MAXIMUM_CALL_RECORDS;
const MAXIMUM_BYTES_IN_HAND = 2 * MAXIMUM_CALL_BYTES;
/** Refused or given up in a row, with none taken between them: then the stream takes nothing at all. */
const MOST_UNSENT_IN_A_ROW = MAXIMUM_CALL_RECORDS;
/** Items of a synchronous input that are read without a turn of the event loop. */
const READS_A_TURN = 1_000;

/** How calls are made. */
export interface CallSettings {
  /** How often a record is tried before it is given up. */
  readonly maximumAttempts: number;
  /** How long a call waits for more records from a slow input, in milliseconds. */
  readonly lingerMs: number;
  /** Bounds of the backoff between attempts, in milliseconds. */
  readonly backoff: { readonly baseMs: number; readonly capMs: number };
}

/** What has come of the records so far. */
export interface PutCounts {
  /** Records that the stream took. */
  readonly put: number;
  /** Attempts beyond the first, over all records. */
  readonly retried: number;
  /** Valid records that were given up. */
  readonly stranded: number;
  /** Bytes of data that the stream took. */
  readonly bytes: number;
}

/** What one `put` is made of. */
export interface PutWork<T> extends CallSettings {
  readonly items: Iterable<T> | AsyncIterable<T>;
  /** Makes an item ready for the stream, or throws what is wrong with it. */
  readonly prepare: (item: T) => Blob;
  readonly putRecords: PutRecords;
  /** Shared by every `put` of a producer. */
  readonly order: KeyOrder;
  /** Shared by every `put` of a producer. */
  readonly limiter: RateLimiter;
  readonly signals: readonly AbortSignal[];
  readonly onProgress?: ((counts: PutCounts) => void) | undefined;
  /** Told of an item that the stream took. */
  readonly onPut?: ((item: T) => void) | undefined;
  /** Told of an item that can never be on the stream. */
  readonly onInvalid: (item: T, field: string, message: string) => void;
  /** Told of an item that was given up. */
  readonly onStranded: (item: T, reason: string) => void;
}

/** What became of a `put` as a whole. */
export interface PutEnd extends PutCounts {
  /** Items read from the input. */
  readonly read: number;
  /** Why the input was not read to its end: the stream takes nothing. */
  readonly stopped?: string;
}

/**
 * Puts every item on the stream in as few calls as their number and bytes allow, and sends again only what failed. A call holds
 * one record of a key at most, and the next goes when it is on the stream, since PutRecords may take a later entry of a call and
 * not an earlier one. Where one is given up, everything behind it of its key is given up too.
 *
 * @throws what the input throws, after what was read before is settled
 */
export async function putAll<T>(work: PutWork<T>): Promise<PutEnd> {
  const { maximumAttempts, lingerMs, limiter, signals } = work;
  const ending = new AbortController();
  const reader = createLingeringReader(work.items);
  const backlog = createBacklog<T>(work.order, reader.wake);
  const mostRecords = Math.min(MAXIMUM_CALL_RECORDS, limiter.burst);
  const counts = { read: 0, put: 0, retried: 0, stranded: 0, bytes: 0 };
  const givenUp = new Set<string>();
  let mostBytes = MAXIMUM_CALL_BYTES;
  let unsentInARow = 0;
  let throwsInARow = 0;
  let stopped: string | undefined;
  let inputEnded = false;
  let inputError: { readonly error: unknown } | undefined;

  const end = () => {
    ending.abort();
    reader.wake();
  };
  // Taken off again: a signal may outlive thousands of puts.
  for (const signal of signals) {
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  }
  const pause = (milliseconds: number) =>
    milliseconds > 0 && !ending.signal.aborted
      ? delay(milliseconds, undefined, { signal: ending.signal }).catch(() => undefined)
      : undefined;

  function giveUp(entry: Entry<T>, reason: string): void {
    counts.stranded += 1;
    unsentInARow += 1;
    givenUp.add(entry.partitionKey);
    backlog.remove(entry);
    work.onStranded(entry.item, reason);
  }

  function admit(item: T): void {
    counts.read += 1;
    let blob: Blob;
    try {
      blob = work.prepare(item);
    } catch (error) {
      const field = error instanceof ValidationError ? error.field : '(record)';
      work.onInvalid(item, field, messageOf(error));
      return;
    }
    backlog.add(item, blob);
  }

  /** Moves what may be sent into a call; true where no more fits. */
  function fillFromBacklog(call: Entry<T>[]): boolean {
    const now = ending.signal.aborted ? Number.POSITIVE_INFINITY : Date.now();
    let bytes = call.reduce((sum, entry) => sum + entry.bytes, 0);
    for (let next = backlog.peek(now); next !== undefined; next = backlog.peek(now)) {
      if (givenUp.has(next.partitionKey)) {
        backlog.take();
        giveUp(next, 'an earlier record of its partition key was not put');
        continue;
      }
      if (call.length >= mostRecords) return true;
      if (call.length > 0 && bytes + next.bytes > mostBytes) return true;
      backlog.take();
      call.push(next);
      bytes += next.bytes;
    }
    return call.length >= mostRecords;
  }

  /** The next call; empty where nothing is left to send. */
  async function nextCall(): Promise<Entry<T>[]> {
    const call: Entry<T>[] = [];
    let until = 0;
    for (let reads = 1; ; reads++) {
      const wasEmpty = call.length === 0;
      if (fillFromBacklog(call) || ending.signal.aborted) return call;
      if (wasEmpty) until = Date.now() + lingerMs;
      const isRoom =
        backlog.count < MAXIMUM_IN_HAND && backlog.bytes < MAXIMUM_BYTES_IN_HAND && !inputEnded;
      const due = call.length > 0 ? until : backlog.nextDue();
      const patience = due === undefined ? undefined : Math.max(0, due - Date.now());
      if (!isRoom) {
        if (call.length > 0 || backlog.count === 0) return call;
        await reader.wait(patience);
        continue;
      }
      try {
        // A synchronous input is read without an `await`, so that of two calls of `put` the first one's records are first.
        const next = reader.next(patience);
        const read = next instanceof Promise ? await next : next;
        if (read === 'end') inputEnded = true;
        else if (read !== 'later') admit(read.item);
        else if (call.length > 0 && Date.now() >= until) return call;
      } catch (error) {
        inputError = { error };
        inputEnded = true;
      }
      if (reads % READS_A_TURN === 0) await nextTurn();
    }
  }

  /** Settles what was taken or refused, and puts the rest by for another attempt. */
  async function settle(call: readonly Entry<T>[], report: CallReport): Promise<void> {
    const failed: Entry<T>[] = [];
    let lastReason = '';
    const putBefore = counts.put;
    for (const [index, entry] of call.entries()) {
      const outcome = report.outcomes[index] ?? { kind: 'failed', reason: 'no answer' };
      if (outcome.kind === 'taken') {
        counts.put += 1;
        counts.bytes += entry.data.length;
        unsentInARow = 0;
        backlog.remove(entry);
        work.onPut?.(entry.item);
        continue;
      }
      lastReason = outcome.reason;
      if (outcome.kind === 'refused') {
        unsentInARow += 1;
        backlog.remove(entry);
        const field = /partition ?key/i.test(outcome.reason) ? 'partitionKey' : '(record)';
        work.onInvalid(entry.item, field, `${field} was refused by the stream: ${outcome.reason}`);
      } else if (
        report.stopped === undefined &&
        !ending.signal.aborted &&
        entry.attempts < maximumAttempts
      ) {
        failed.push(entry);
      } else giveUp(entry, outcome.reason);
    }
    if (report.tooLargeBytes < mostBytes) mostBytes = report.tooLargeBytes >> 1;
    throwsInARow = report.threw && counts.put === putBefore ? throwsInARow + 1 : 0;
    const isDown = throwsInARow >= maximumAttempts || unsentInARow >= MOST_UNSENT_IN_A_ROW;
    stopped = report.stopped ?? (isDown ? lastReason : undefined);
    await backOff(failed, report.threw || (failed.length > 1 && failed.length * 2 > call.length));
  }

  /** What fails alone waits alone; where most fails, everything waits, so that a stream that is too busy gets less to do. */
  async function backOff(failed: readonly Entry<T>[], isWidespread: boolean): Promise<void> {
    if (failed.length === 0) return;
    if (!isWidespread) {
      for (const entry of failed) {
        backlog.delay(entry, Date.now() + backoffDelay(entry.attempts - 1, work.backoff));
      }
      return;
    }
    backlog.putBack(failed);
    const attempt = Math.max(...failed.map(({ attempts }) => attempts)) - 1;
    if (stopped === undefined) await pause(backoffDelay(attempt, work.backoff));
  }

  try {
    while (stopped === undefined) {
      const isLast = ending.signal.aborted;
      const call = await nextCall();
      if (call.length === 0) break;
      await pause(limiter.take(call.length));
      counts.retried += call.filter(({ attempts }) => attempts > 0).length;
      for (const entry of call) entry.attempts += 1;
      await settle(call, await sendCall(call, work.putRecords, ending.signal));
      const { put, retried, stranded, bytes } = counts;
      work.onProgress?.({ put, retried, stranded, bytes });
      if (isLast) break;
    }
  } finally {
    reader.stop();
    for (const signal of signals) signal.removeEventListener('abort', end);
    for (const entry of backlog.entries()) giveUp(entry, stopped ?? 'the producer was stopped');
  }
  if (inputError) throw inputError.error;
  return { ...counts, ...(stopped !== undefined && { stopped }) };
}
