import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { ValidationError } from '#shared/errors.ts';
import { fromStoredItem, type TableItem } from '#shared/results-table/stored-item.ts';

/** A stream event under a tumbling window, which alone names the shard. */
export type WindowedStreamEvent = DynamoDBStreamEvent & {
  readonly shardId?: string;
  readonly isFinalInvokeForWindow?: boolean;
};

/** One change of the results table; only a first insert carries an item, or says why it is not to be counted. */
export interface TableChange {
  readonly sequenceNumber: bigint;
  /** Epoch milliseconds, rounded down to the second as DynamoDB gives it; 0 where it does not. */
  readonly createdAt: number;
  readonly item?: TableItem;
  /** Why the inserted item counts as ignored; nothing of what it holds. */
  readonly ignored?: string;
}

/**
 * Reads a batch of the table's stream, by rising sequence number, each once. Whatever lies in the table, nothing of it makes a
 * batch unreadable.
 *
 * @throws {ValidationError} where the event is no batch or names no shard, as without a tumbling window.
 */
export function readTableEvent(event: WindowedStreamEvent): {
  shardId: string;
  changes: TableChange[];
} {
  if (!Array.isArray(event?.Records)) {
    throw new ValidationError('Records', 'the event is no DynamoDB batch: Records is required');
  }
  if (typeof event.shardId !== 'string' || event.shardId === '') {
    throw new ValidationError(
      'shardId',
      'the event has no shardId: give the event source mapping a tumbling window',
    );
  }
  const changes: TableChange[] = [];
  const seen = new Set<string>();
  for (const record of event.Records) {
    const change = readChange(record, changes.at(-1)?.sequenceNumber ?? 0n);
    const number = record?.dynamodb?.SequenceNumber;
    if (number !== undefined && seen.has(number)) continue;
    if (number !== undefined) seen.add(number);
    changes.push(change);
  }
  changes.sort(
    (a, b) =>
      Number(a.sequenceNumber > b.sequenceNumber) - Number(a.sequenceNumber < b.sequenceNumber),
  );
  return { shardId: event.shardId, changes };
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T/;

/** Sequence numbers have 21 to 40 digits; a record without one, which DynamoDB never sends, stands where its neighbour does. */
function readChange(record: DynamoDBRecord | null, previous: bigint): TableChange {
  const { SequenceNumber: written, ApproximateCreationDateTime: seconds } = record?.dynamodb ?? {};
  const numbered = typeof written === 'string' && /^\d{1,60}$/.test(written);
  const createdAt = typeof seconds === 'number' ? seconds * 1_000 : Number.NaN;
  const place = {
    sequenceNumber: numbered ? BigInt(written) : previous,
    createdAt: Number.isFinite(createdAt) ? createdAt : 0,
  };
  if (!numbered) return { ...place, ignored: 'the change has no sequence number' };
  if (record?.eventName !== 'INSERT') return place;
  if (!record.dynamodb?.NewImage) return { ...place, ignored: 'the change has no new image' };
  try {
    const item = fromStoredItem(
      // A number of a foreign item may be larger than any of ours: it must not make the item unreadable, nor the batch.
      unmarshall(imageOf(record.dynamodb.NewImage), { wrapNumbers: (digits) => Number(digits) }),
    );
    if (!item) return { ...place, ignored: 'the item is neither a result nor a rejection' };
    if (ISO_TIME.test(item.arrivedAt) && Number.isFinite(Date.parse(item.arrivedAt))) {
      return { ...place, item };
    }
    return { ...place, ignored: 'arrivedAt of the item is no time' };
  } catch (error) {
    // Its name alone: the message may quote the item.
    const name = error instanceof Error ? error.name : typeof error;
    return { ...place, ignored: `the item cannot be read (${name})` };
  }
}

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>;

/** The image as the SDK has it: an event is JSON, so that bytes come in base64. Items of ours hold bytes at the top alone. */
function imageOf(image: Image): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(image).map(([name, value]) => [
      name,
      (value.B === undefined ? value : { B: Buffer.from(value.B, 'base64') }) as AttributeValue,
    ]),
  );
}
