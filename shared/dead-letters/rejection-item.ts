import { type Rejection, type RejectionItem, rejectionKey } from '#shared/contracts/rejection.ts';
import { messageToStore } from '#shared/results-table/redact.ts';
import { expiryOf, type ResultOptions } from '#shared/results-table/result-item.ts';
import type { DeliveredRecord } from '#shared/stream/decode-record.ts';
import { failureObjectKey } from './object.ts';

/**
 * The item that counts a parked record: the same for the same record, however often it is parked.
 *
 * @param pending its failure object may not be there yet
 */
export async function createRejectionItem(
  { position, arrivedAt }: Pick<DeliveredRecord, 'position' | 'arrivedAt'>,
  rejection: Rejection,
  options: ResultOptions,
  pending = false,
): Promise<RejectionItem> {
  const { subSequenceNumber, ...place } = position;
  const expiresAt = expiryOf(arrivedAt, options.retentionDays);
  return {
    ...rejectionKey(position),
    reason: rejection.reason,
    message: await messageToStore(rejection, options),
    ...place,
    ...(subSequenceNumber !== undefined && { subSequenceNumber }),
    failureKey: failureObjectKey(position),
    ...(pending && { pending }),
    arrivedAt,
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
