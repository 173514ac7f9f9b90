import { type Rejection, type RejectionItem, rejectionKey } from '#shared/contracts/rejection.ts';
import { messageToStore } from '#shared/results-table/redact.ts';
import { expiryOf, type ResultOptions, retentionOf } from '#shared/results-table/result-item.ts';
import type { DecodedRecord } from '#shared/stream/decode-record.ts';
import { failureObjectKey } from './object.ts';

/**
 * The item that counts a parked record: the same for the same record, however often it is parked.
 *
 * @param pending its failure object may not be there yet
 */
export async function createRejectionItem(
  { position, arrivedAt, record }: Pick<DecodedRecord, 'position' | 'arrivedAt' | 'record'>,
  rejection: Rejection,
  options: ResultOptions,
  pending = false,
): Promise<RejectionItem> {
  const { subSequenceNumber, ...place } = position;
  const expiresAt = expiryOf(arrivedAt, retentionOf(record, options));
  return {
    ...rejectionKey(position),
    reason: rejection.reason,
    message: await messageToStore(rejection, options),
    ...place,
    ...(subSequenceNumber !== undefined && { subSequenceNumber }),
    failureKey: failureObjectKey(position),
    ...(pending && { pending }),
    arrivedAt,
    ...(record && { source: record.source }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
