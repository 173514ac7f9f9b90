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
        ? fromStoredItem(unmarshall(imageOf(dynamodb.NewImage)))
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

type Image = NonNullable<
  NonNullable<DynamoDBStreamEvent['Records'][number]['dynamodb']>['NewImage']
>;

/** The image as the SDK has it: an event is JSON, so that bytes come in base64. Items of ours hold bytes at the top alone. */
function imageOf(image: Image): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(image).map(([name, value]) => [
      name,
      (value.B === undefined ? value : { B: Buffer.from(value.B, 'base64') }) as AttributeValue,
    ]),
  );
}
