import type { MappingSettings } from '#shared/settings.ts';
import type { Outcome } from './interpret-response.ts';
import type { StreamRecord } from './stream-source.ts';

/** Records that are delivered together. */
export interface Batch {
  readonly records: readonly StreamRecord[];
  /** Retries used up; splitting a batch uses none. */
  readonly retries: number;
  /** Failed deliveries in a row, for the backoff. */
  readonly failures: number;
}

/** What becomes of a delivered batch; each of its records is in exactly one place, in order: acknowledged, then redelivered or parked. */
export interface Settlement {
  readonly acknowledged: readonly StreamRecord[];
  /** To be delivered before anything else of the same lane. */
  readonly redeliver: readonly Batch[];
  readonly parked: readonly StreamRecord[];
}

/**
 * Decides what becomes of a batch after a delivery.
 *
 * A report that moves the checkpoint forward starts the count of retries anew, so that a function which stops at its deadline
 * and hands back the rest is never taken for one that fails. A batch that failed as a whole is halved, where `bisectOnError`
 * says so, until single records are left; those, and batches whose first record is the one reported, use up retries.
 */
export function settleBatch(
  batch: Batch,
  outcome: Outcome,
  settings: Pick<MappingSettings, 'bisectOnError' | 'maximumRetryAttempts'>,
): Settlement {
  const { records } = batch;
  if (outcome.kind === 'success') return { acknowledged: records, redeliver: [], parked: [] };
  if (outcome.kind === 'partial' && outcome.from > 0) {
    return {
      acknowledged: records.slice(0, outcome.from),
      redeliver: [{ records: records.slice(outcome.from), retries: 0, failures: 0 }],
      parked: [],
    };
  }

  const failures = batch.failures + 1;
  if (outcome.kind === 'failed' && settings.bisectOnError && records.length > 1) {
    const middle = Math.ceil(records.length / 2);
    const halves = [records.slice(0, middle), records.slice(middle)];
    return {
      acknowledged: [],
      redeliver: halves.map((half) => ({ records: half, retries: batch.retries, failures })),
      parked: [],
    };
  }
  const { maximumRetryAttempts } = settings;
  if (maximumRetryAttempts !== -1 && batch.retries >= maximumRetryAttempts) {
    return { acknowledged: [], redeliver: [], parked: records };
  }
  return {
    acknowledged: [],
    redeliver: [{ records, retries: batch.retries + 1, failures }],
    parked: [],
  };
}

/** The oldest a record may be when it is delivered, milliseconds: the mapping's limit or the stream's, whichever is less. */
export function maximumAgeMs(
  settings: Pick<MappingSettings, 'maximumRecordAgeSeconds'>,
  retentionMs: number,
): number {
  const { maximumRecordAgeSeconds } = settings;
  return maximumRecordAgeSeconds === -1
    ? retentionMs
    : Math.min(maximumRecordAgeSeconds * 1000, retentionMs);
}

/** Splits off the records at the head of a batch that are too old to be delivered. */
export function parkExpired(
  batch: Batch,
  maximumAge: number,
  now: number,
): { readonly expired: readonly StreamRecord[]; readonly remaining: Batch } {
  const found = batch.records.findIndex(({ arrivedAt }) => now - arrivedAt <= maximumAge);
  const count = found === -1 ? batch.records.length : found;
  return {
    expired: batch.records.slice(0, count),
    remaining: count === 0 ? batch : { ...batch, records: batch.records.slice(count) },
  };
}
