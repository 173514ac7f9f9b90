import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '#shared/errors.ts';
import { backoffDelay, isThrottle, statusOf } from '#shared/retry.ts';
import { createLingeringReader, type LingeringReader } from './lingering-reader.ts';
import { createPace } from './pace.ts';
import type { Blob, PutRecords } from './put-records.ts';

/** Most records that one PutRecords call takes. */
export const MAXIMUM_CALL_RECORDS = 500;
/** Most bytes that one PutRecords call takes, partition keys included. */
export const MAXIMUM_CALL_BYTES = 10 * 1024 * 1024;
/** Most bytes of one record on the stream, partition key included. */
export const MAXIMUM_RECORD_BYTES = 1024 * 1024;

/** How blobs are put; everything has a default. */
export interface PutOptions {
  /** Most records a second; as fast as the stream takes them where left out. */
  readonly ratePerSecond?: number | undefined;
  /** How often a record is tried before it counts as stranded. Default 10. */
  readonly maximumAttempts?: number | undefined;
  /** How long a call waits for more records from a slow input, in milliseconds. Default 200. */
  readonly lingerMs?: number | undefined;
  /** Bounds of the backoff between attempts, in milliseconds. Default 100 and 5,000. */
  readonly backoff?: { readonly baseMs: number; readonly capMs: number } | undefined;
  /** When it aborts, no further input is read; what is in hand is tried once more, then the report is made. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every call to the stream. */
  readonly onProgress?: ((counts: PutCounts) => void) | undefined;
}

/** What has come of the blobs so far. */
export interface PutCounts {
  /** Records that the stream took. */
  readonly put: number;
  /** Attempts beyond the first, over all records. */
  readonly retried: number;
  /** Records that were given up. */
  readonly stranded: number;
  /** Bytes of data that the stream took. */
  readonly bytes: number;
}

/** What came of the blobs in the end. */
export interface PutReport<T> {
  readonly put: number;
  readonly retried: number;
  readonly bytes: number;
  /** What was given up, and why; it may be put again. */
  readonly stranded: readonly { readonly blob: T; readonly reason: string }[];
  /** Why the input was not read to its end: the stream refuses every call. */
  readonly stopped?: string;
}

interface Attempted<T> {
  readonly blob: T;
  attempts: number;
}

const sizeOf = (blob: Blob): number => blob.data.length + Buffer.byteLength(blob.partitionKey);

/**
 * Puts blobs on a stream in as few calls as their number and bytes allow, and sends again only what failed. A blob of a call
 * that was cut off may be on the stream twice; readers that key their results by content, as ours do, see no difference.
 */
export async function putBlobs<T extends Blob>(
  blobs: Iterable<T> | AsyncIterable<T>,
  putRecords: PutRecords,
  options: PutOptions = {},
): Promise<PutReport<T>> {
  const { maximumAttempts = 10, lingerMs = 200, signal, onProgress } = options;
  const backoff = options.backoff ?? { baseMs: 100, capMs: 5_000 };
  const pace = createPace(options.ratePerSecond);
  const reader = createLingeringReader(blobs, signal);
  const stranded: { blob: T; reason: string }[] = [];
  const counts = { put: 0, retried: 0, bytes: 0 };
  const strand = (blob: T, reason: string) => void stranded.push({ blob, reason });
  const pause = (milliseconds: number) =>
    milliseconds > 0 && !signal?.aborted
      ? delay(milliseconds, undefined, signal && { signal }).catch(() => undefined)
      : undefined;
  let waiting: Attempted<T>[] = [];
  let failuresInARow = 0;
  let stopped: string | undefined;

  while (stopped === undefined) {
    const { call, rest } = await fillCall({ waiting, reader, lingerMs, burst: pace.burst, strand });
    if (call.length === 0) break;
    waiting = rest;
    await pause(pace.take(call.length));
    counts.retried += call.filter((entry) => entry.attempts > 0).length;
    for (const entry of call) entry.attempts += 1;
    const { faults, refused } = await send(call, putRecords);
    const failed: Attempted<T>[] = [];
    for (const [index, entry] of call.entries()) {
      const fault = faults[index];
      if (fault === undefined) {
        counts.put += 1;
        counts.bytes += entry.blob.data.length;
      } else if (refused || signal?.aborted || entry.attempts >= maximumAttempts) {
        strand(entry.blob, fault);
      } else failed.push(entry);
    }
    const allFailed = faults.every((fault) => fault !== undefined);
    failuresInARow = allFailed ? failuresInARow + 1 : 0;
    waiting = [...failed, ...waiting];
    if (refused || failuresInARow >= maximumAttempts) stopped = faults[0];
    onProgress?.({ ...counts, stranded: stranded.length });
    if (failed.length > 0 && stopped === undefined) {
      const attempt = Math.max(...failed.map((entry) => entry.attempts)) - 1;
      await pause(backoffDelay(attempt, backoff));
    }
  }
  reader.stop();
  for (const { blob } of waiting) strand(blob, stopped ?? 'the producer was stopped');
  return { ...counts, stranded, ...(stopped !== undefined && { stopped }) };
}

/** Fills a call with what waits, then with new blobs; one that no longer fits waits for the next call. */
async function fillCall<T extends Blob>(given: {
  waiting: readonly Attempted<T>[];
  reader: LingeringReader<T>;
  lingerMs: number;
  burst: number;
  strand: (blob: T, reason: string) => void;
}): Promise<{ call: Attempted<T>[]; rest: Attempted<T>[] }> {
  const most = Math.min(MAXIMUM_CALL_RECORDS, given.burst);
  const call: Attempted<T>[] = [];
  let bytes = 0;
  const fits = (blob: T): boolean =>
    call.length < most && bytes + sizeOf(blob) <= MAXIMUM_CALL_BYTES;
  const add = (entry: Attempted<T>): void => {
    call.push(entry);
    bytes += sizeOf(entry.blob);
  };
  for (const [index, entry] of given.waiting.entries()) {
    if (!fits(entry.blob)) return { call, rest: given.waiting.slice(index) };
    add(entry);
  }
  const until = Date.now() + given.lingerMs;
  while (call.length < most) {
    const next = await given.reader.next(
      call.length === 0 ? undefined : Math.max(0, until - Date.now()),
    );
    if (next === 'end' || next === 'later') break;
    const entry = { blob: next.item, attempts: 0 };
    const size = sizeOf(next.item);
    if (size > MAXIMUM_RECORD_BYTES) {
      given.strand(
        next.item,
        `the record has ${size} bytes with its key; a stream takes ${MAXIMUM_RECORD_BYTES}`,
      );
    } else if (fits(next.item)) add(entry);
    else return { call, rest: [entry] };
  }
  return { call, rest: [] };
}

/** Sends one call; `refused` says that no later call can do better. */
async function send<T extends Blob>(
  call: readonly Attempted<T>[],
  putRecords: PutRecords,
): Promise<{ faults: (string | undefined)[]; refused: boolean }> {
  try {
    return { faults: await putRecords(call.map((entry) => entry.blob)), refused: false };
  } catch (error) {
    const status = statusOf(error);
    const refused = status !== undefined && status >= 400 && status < 500 && !isThrottle(error);
    const name = error instanceof Error ? error.name : 'Error';
    return { faults: call.map(() => `${name}: ${messageOf(error)}`), refused };
  }
}
