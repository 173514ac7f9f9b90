import * as z from 'zod';
import type { Invocation } from '#local/lambda/invocation.ts';
import { describeIssues } from '#shared/contracts/validate.ts';
import type { CompleteSettings } from './options.ts';
import type { SourceRecord } from './source.ts';

/** A record that waits in a lane, and since when (epoch milliseconds). */
export interface Buffered {
  readonly record: SourceRecord;
  readonly readAt: number;
}

/** How many records to deliver now, or how long to wait for more. */
export type Cut = { readonly count: number } | { readonly waitMs: number };

/**
 * Decides whether the records that wait make a batch: it is full by number or bytes, its batching window is over, or no more
 * can come.
 */
export function cutBatch(
  buffer: readonly Buffered[],
  limits: Pick<CompleteSettings, 'batchSize' | 'batchingWindowSeconds'> & {
    readonly maximumBytes: number;
  },
  at: { readonly now: number; readonly ended: boolean },
): Cut {
  const first = buffer[0];
  if (!first) return { waitMs: Number.POSITIVE_INFINITY };
  let bytes = 0;
  let count = 0;
  for (const { record } of buffer.slice(0, limits.batchSize)) {
    // Separated by commas.
    bytes += record.bytes + 1;
    if (count > 0 && bytes > limits.maximumBytes) break;
    count += 1;
  }
  const full = count === limits.batchSize || count < buffer.length;
  const waitMs = first.readAt + limits.batchingWindowSeconds * 1000 - at.now;
  return full || at.ended || waitMs <= 0 ? { count } : { waitMs };
}

/** What a function said of a batch. */
export type BatchResponse =
  | { readonly kind: 'success' }
  /** Everything before `from` is done; the rest is to be delivered again. */
  | { readonly kind: 'partial'; readonly requestId: string; readonly from: number }
  | {
      readonly kind: 'failed';
      readonly requestId: string;
      readonly reason: string;
      /** Null where the function answered, though not with a valid response. */
      readonly functionError: 'Unhandled' | null;
    };

const isNothing = (payload: unknown) =>
  payload === '' || (Array.isArray(payload) && payload.length === 0);

const responseSchema = z.looseObject({
  batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string() })).nullish(),
});

/**
 * Reads an invocation's answer as Lambda does with `ReportBatchItemFailures`.
 *
 * Success: null, an empty text, list or object, and `batchItemFailures` that is null or empty. Otherwise the lowest reported
 * sequence number counts. An identifier that is missing, null, empty, no text or of no record of the batch fails the whole
 * batch, and so does any other shape.
 */
export function interpretResponse(
  invocation: Invocation,
  records: readonly SourceRecord[],
): BatchResponse {
  const { requestId } = invocation;
  const failed = (reason: string, functionError: 'Unhandled' | null = null) =>
    ({ kind: 'failed', requestId, reason, functionError }) as const;
  if (!invocation.ok) {
    return failed(`${invocation.errorType}: ${invocation.errorMessage}`, 'Unhandled');
  }
  const { payload } = invocation;
  const answer = isNothing(payload) ? {} : (payload ?? {});
  const parsed = responseSchema.safeParse(answer);
  if (!parsed.success) return failed(describeIssues(parsed.error, 'the response'));

  const reported = new Set(parsed.data.batchItemFailures?.map((one) => one.itemIdentifier));
  if (reported.size === 0) return { kind: 'success' };
  const from = records.findIndex(({ sequenceNumber }) => reported.has(sequenceNumber));
  for (const { sequenceNumber } of records) reported.delete(sequenceNumber);
  for (const unknown of reported) {
    return failed(`batchItemFailures names an unknown record: ${unknown.slice(0, 200)}`);
  }
  return { kind: 'partial', requestId, from };
}

/** Records that are delivered together. */
export interface Batch {
  readonly records: readonly SourceRecord[];
  /** Retries used up; splitting a batch uses none. */
  readonly retries: number;
  /** Failed deliveries in a row, for the backoff. */
  readonly failures: number;
}

/** What becomes of a delivered batch; each of its records is in exactly one place, in order: acknowledged, then redelivered or parked. */
export interface Settlement {
  readonly acknowledged: readonly SourceRecord[];
  /** To be delivered before anything else of the same lane. */
  readonly redeliver: readonly Batch[];
  readonly parked: readonly SourceRecord[];
}

/**
 * Decides what becomes of a batch after a delivery.
 *
 * A report that moves the checkpoint forward starts the count of retries anew, as on AWS, so that a function which stops at
 * its deadline and hands back the rest is never taken for one that fails. A batch that failed as a whole is halved, where
 * `bisectOnError` says so, until single records are left; those, and batches whose first record is the one reported, use up
 * retries.
 */
export function settleBatch(
  batch: Batch,
  response: BatchResponse,
  settings: Pick<CompleteSettings, 'bisectOnError' | 'maximumRetryAttempts'>,
): Settlement {
  const { records, retries } = batch;
  const nothing = { acknowledged: [], redeliver: [], parked: [] };
  if (response.kind === 'success') return { ...nothing, acknowledged: records };
  if (response.kind === 'partial' && response.from > 0) {
    return {
      ...nothing,
      acknowledged: records.slice(0, response.from),
      redeliver: [{ records: records.slice(response.from), retries: 0, failures: 0 }],
    };
  }
  const failures = batch.failures + 1;
  if (response.kind === 'failed' && settings.bisectOnError && records.length > 1) {
    const middle = Math.ceil(records.length / 2);
    const halves = [records.slice(0, middle), records.slice(middle)];
    return { ...nothing, redeliver: halves.map((half) => ({ records: half, retries, failures })) };
  }
  const { maximumRetryAttempts } = settings;
  if (maximumRetryAttempts !== -1 && retries >= maximumRetryAttempts) {
    return { ...nothing, parked: records };
  }
  return { ...nothing, redeliver: [{ records, retries: retries + 1, failures }] };
}

/** Splits off the records at the head of a batch that are older than `maximumAge`, milliseconds. */
export function splitExpired(batch: Batch, maximumAge: number, now: number) {
  const found = batch.records.findIndex(({ arrivedAt }) => now - arrivedAt <= maximumAge);
  const count = found === -1 ? batch.records.length : found;
  return {
    expired: batch.records.slice(0, count),
    remaining: { ...batch, records: batch.records.slice(count) },
  };
}
