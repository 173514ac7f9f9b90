import pLimit from 'p-limit';
import type { Blob, Producer } from '#producers/index.ts';
import { type Rejection, rejectionOf } from '#shared/contracts/rejection.ts';
import { checkTextRecord } from '#shared/contracts/text-record.ts';
import { failureObjectKey, failureObjectOf } from '#shared/dead-letters/object.ts';
import { createRejectionItem } from '#shared/dead-letters/rejection-item.ts';
import type { PutFailure } from '#shared/dead-letters/write.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { type FileOrigin, nameRecords } from '#shared/record-files/name-records.ts';
import type { ReadRecord } from '#shared/record-files/types.ts';
import { messageToStore } from '#shared/results-table/redact.ts';
import type { ResultOptions } from '#shared/results-table/result-item.ts';
import type { ResultsWriter } from '#shared/results-table/write-items.ts';
import { backoffDelay } from '#shared/retry.ts';
import type { DeliveredRecord } from '#shared/stream/decode-record.ts';
import type { Report } from './report.ts';

const OBJECTS_AT_ONCE = 16;
const BACKOFF = { baseMs: 500, capMs: 10_000 };

/** What records are put and parked with. */
export interface SettleDeps {
  readonly producer: Pick<Producer, 'putBlobs'>;
  readonly writer: ResultsWriter;
  readonly putFailure: PutFailure;
  readonly options: ResultOptions;
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** What records are of, and how parked ones are named. */
export interface RecordsOrigin extends FileOrigin {
  readonly bucket: string;
  /** Names the content: what stands in for a shard. */
  readonly content: string;
  /** When the object was put, ISO 8601 in UTC with milliseconds. */
  readonly arrivedAt: string;
  /** A line of the object is what a producer would put. */
  readonly isJsonLines: boolean;
}

/** What came of records. */
export type Settled = Pick<Report, 'read' | 'put' | 'cut' | 'firstInvalid'>;

type Parked = DeliveredRecord & { readonly line: number; readonly rejection: Rejection };

/**
 * Puts records on the stream and parks what can never be one, each the same however often it is done.
 *
 * @returns undefined where that did not end before the deadline (epoch milliseconds): then it is to be done again
 * @throws {SpanstreamError} where the stream, the failures bucket or the table refuses
 */
export async function settleRecords(
  records: readonly ReadRecord[],
  origin: RecordsOrigin,
  deps: SettleDeps,
  deadline: number,
): Promise<Settled | undefined> {
  const blobs: Blob[] = [];
  const parked: Parked[] = [];
  let cut = 0;
  for (const read of records) {
    const named = prepare(read, origin);
    for (const one of named) {
      if ('rejection' in one) parked.push(one);
      else blobs.push(one);
    }
    if (named.length > 1 || read.part?.number === 1) cut += 1;
  }
  if (!(await put(blobs, deps, deadline))) return undefined;
  try {
    await park(parked, deps, deadline);
  } catch (error) {
    if (deps.now() >= deadline) return undefined;
    throw error;
  }
  return {
    read: records.filter(({ part }) => (part?.number ?? 0) <= 1).length,
    put: blobs.length,
    cut,
    firstInvalid: await Promise.all(
      parked.map(async ({ line, rejection }) => ({
        line,
        reason: rejection.reason,
        message: await messageToStore(rejection, deps.options),
      })),
    ),
  };
}

/** What of a record goes on the stream, piece by piece, or is parked. */
function prepare(read: ReadRecord, origin: RecordsOrigin): (Blob | Parked)[] {
  const { line, bytes, part } = read;
  const parkedAs = (rejection: Rejection, data: Uint8Array, partitionKey: string, piece = 0) => ({
    position: {
      stream: origin.bucket,
      shard: origin.content,
      sequenceNumber: `${line}`,
      ...(piece > 0 && { subSequenceNumber: piece }),
    },
    ...{ partitionKey, arrivedAt: origin.arrivedAt, data, line, rejection },
  });
  const unnamed = `${origin.idPrefix}-${line}`;
  if (read.rejection) return [parkedAs(read.rejection, bytes, unnamed)];
  try {
    const named = nameRecords(read, origin);
    return named.map((record, at) => {
      // What a producer would put is parked as it stands; all else as the record that was made of it.
      const isLine = origin.isJsonLines && named.length === 1 && read.record?.id !== undefined;
      const data = isLine ? bytes : Buffer.from(JSON.stringify(record));
      try {
        const checked = checkTextRecord(record);
        return { data: Buffer.from(JSON.stringify(checked)), partitionKey: checked.id };
      } catch (error) {
        const piece = part?.number ?? (named.length > 1 ? at + 1 : 0);
        return parkedAs(rejectionOf(error), data, unnamed, piece);
      }
    });
  } catch (error) {
    return [parkedAs(rejectionOf(error), bytes, unnamed)];
  }
}

/** Puts all of them, again and again where the stream is busy; false where the deadline came first. */
async function put(
  blobs: readonly Blob[],
  { producer, now, wait }: SettleDeps,
  deadline: number,
): Promise<boolean> {
  let left = blobs;
  for (let attempt = 0; left.length > 0; attempt++) {
    const remaining = Math.ceil(deadline - now());
    if (remaining <= 0) return false;
    const { stranded, stopped } = await producer.putBlobs(left, {
      signal: AbortSignal.timeout(remaining),
    });
    const isRefused = stopped !== undefined && stranded.length === left.length;
    if (isRefused && attempt > 0) throw new SpanstreamError('stream-refuses', stopped);
    left = stranded.map(({ blob }) => blob);
    if (left.length > 0) await wait(Math.min(remaining, backoffDelay(attempt, BACKOFF)));
  }
  return true;
}

/** The objects first, then the rejections that count them. */
async function park(parked: readonly Parked[], deps: SettleDeps, deadline: number): Promise<void> {
  const { writer, putFailure, options, now } = deps;
  const limit = pLimit(OBJECTS_AT_ONCE);
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - now())));
  const firstSeenAt = new Date(now()).toISOString();
  const items = await Promise.all(
    parked.map((one) =>
      limit(async () => {
        const object = failureObjectOf(one, one.rejection, firstSeenAt);
        await putFailure(failureObjectKey(one.position), object, signal);
        return createRejectionItem(one, one.rejection, options);
      }),
    ),
  );
  const outcomes = await writer.write(items, deadline);
  const failed = outcomes.find(({ status }) => status !== 'stored');
  if (failed) {
    const reason = 'reason' in failed ? failed.reason : '';
    throw new SpanstreamError('not-counted', `a rejection was not written: ${reason}`);
  }
}
