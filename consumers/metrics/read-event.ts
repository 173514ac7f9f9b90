import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { ValidationError } from '#shared/errors.ts';
import { fromStoredItem } from '#shared/results-table/stored-item.ts';
import type { TableItem } from '#shared/results-table/table-item.ts';

/** A stream event under a tumbling window, which alone names the shard. */
export type WindowedStreamEvent = DynamoDBStreamEvent & {
  readonly shardId?: string;
  readonly isFinalInvokeForWindow?: boolean;
};

/** One change of the results table; only first inserts of results and rejections carry an item. */
export interface Change {
  readonly sequenceNumber: bigint;
  readonly item?: TableItem;
  /** Epoch milliseconds, rounded down to the second as DynamoDB gives it. */
  readonly createdAt: number;
}

/**
 * Reads a batch of the table's stream, in stream order.
 *
 * @throws {ValidationError} where the event names no shard, as without a tumbling window.
 */
export function readTableEvent(event: WindowedStreamEvent): { shardId: string; changes: Change[] } {
  if (!Array.isArray(event?.Records)) {
    throw new ValidationError('Records', 'the event is no DynamoDB batch: Records is required');
  }
  if (typeof event.shardId !== 'string' || event.shardId === '') {
    throw new ValidationError(
      'shardId',
      'the event has no shardId: give the event source mapping a tumbling window',
    );
  }
  const changes = event.Records.flatMap(({ eventName, dynamodb }): Change[] => {
    if (!dynamodb?.SequenceNumber) return [];
    const item =
      eventName === 'INSERT' && dynamodb.NewImage
        ? fromStoredItem(unmarshall(dynamodb.NewImage as Record<string, AttributeValue>))
        : undefined;
    return [
      {
        sequenceNumber: BigInt(dynamodb.SequenceNumber),
        createdAt: Number(dynamodb.ApproximateCreationDateTime ?? 0) * 1_000,
        ...(item && { item }),
      },
    ];
  });
  return { shardId: event.shardId, changes };
}
