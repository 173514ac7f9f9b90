import pLimit from 'p-limit';
import type { FailureObject } from '#shared/contracts/failure-object.ts';
import {
  failureObjectKey,
  type RejectionItem,
  type RejectionReason,
  rejectionKey,
} from '#shared/contracts/rejection.ts';
import { messageOf } from '#shared/errors.ts';
import { expiryOf } from '#shared/results-table/result-item.ts';
import type { StreamRecord } from '#shared/stream/decode-record.ts';

const CONCURRENCY = 16;

/** Keeps failure objects. Resolves when the object is durable: written, or there already. */
export type PutFailure = (key: string, object: FailureObject, signal: AbortSignal) => Promise<void>;

/** A record to be parked, and why. */
export interface Parking {
  readonly source: StreamRecord;
  readonly reason: RejectionReason;
  readonly message: string;
}

/** A parked record's rejection item, or why parking it failed. */
export type Parked =
  | { readonly item: RejectionItem; readonly fault?: undefined }
  | { readonly item?: undefined; readonly fault: string };

/** Writes the failure objects of records that can never succeed; answers come in the order of the records. */
export async function parkFailures(
  parkings: readonly Parking[],
  deps: {
    putFailure: PutFailure;
    retentionDays: number;
    now: () => number;
    /** Epoch milliseconds after which no call is under way any more. */
    deadline: number;
  },
): Promise<Parked[]> {
  const limit = pLimit(CONCURRENCY);
  return Promise.all(
    parkings.map((parking) =>
      limit(async (): Promise<Parked> => {
        const remaining = deps.deadline - deps.now();
        if (remaining <= 0) return { fault: 'the deadline passed' };
        const firstSeenAt = new Date(deps.now()).toISOString();
        try {
          await deps.putFailure(
            failureObjectKey(parking.source.position),
            failureObjectOf(parking, firstSeenAt),
            AbortSignal.timeout(Math.ceil(remaining)),
          );
        } catch (error) {
          return { fault: messageOf(error) };
        }
        return { item: rejectionItemOf(parking, deps.retentionDays) };
      }),
    ),
  );
}

function failureObjectOf(parking: Parking, firstSeenAt: string): FailureObject {
  const { position, arrivedAt, partitionKey, data } = parking.source;
  const { subSequenceNumber, ...place } = position;
  return {
    version: 1,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    partitionKey,
    ...place,
    ...(subSequenceNumber !== undefined && { subSequenceNumber }),
    arrivedAt,
    reason: parking.reason,
    message: parking.message,
    firstSeenAt,
  };
}

function rejectionItemOf(parking: Parking, retentionDays: number): RejectionItem {
  const { position, arrivedAt } = parking.source;
  const { subSequenceNumber, ...place } = position;
  const expiresAt = expiryOf(arrivedAt, retentionDays);
  return {
    ...rejectionKey(position),
    reason: parking.reason,
    message: parking.message,
    ...place,
    ...(subSequenceNumber !== undefined && { subSequenceNumber }),
    failureKey: failureObjectKey(position),
    arrivedAt,
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
