import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { ValidationError } from '#shared/errors.ts';
import { fromAttributes } from '#shared/results-table/attribute-values.ts';
import { readStoredItem } from '#shared/results-table/stored-item.ts';
import { type CountedItem, countedAttributes, countedItemSchema } from './counted-item.ts';
import { type Digested, digestOf } from './digests.ts';

/** An insert into the results table, with what is counted of its item, or why it is not to be counted. */
export interface TableChange extends Digested {
  /** As the stream gives it; empty where it does not. */
  readonly sequenceNumber: string;
  /** Epoch milliseconds, rounded down to the second as DynamoDB gives it; 0 where it does not. */
  readonly createdAt: number;
  readonly item?: CountedItem;
  /** Why the inserted item counts as ignored; nothing of what it holds. */
  readonly ignored?: string;
}

/**
 * Reads the inserts of a batch of the table's stream. Whatever lies in the table, nothing of it makes a batch unreadable.
 *
 * @throws {ValidationError} where the event is no batch
 */
export function readTableEvent(event: DynamoDBStreamEvent): TableChange[] {
  if (!Array.isArray(event?.Records)) {
    throw new ValidationError('Records', 'the event is no DynamoDB batch: Records is required');
  }
  return event.Records.flatMap(readInsert);
}

/** The year 2286; a later time is none that DynamoDB gives. */
const LATEST_SECONDS = 10_000_000_000;

function readInsert(record: DynamoDBRecord | null): TableChange | [] {
  const { SequenceNumber: written, ApproximateCreationDateTime: seconds } = record?.dynamodb ?? {};
  const sequenceNumber = typeof written === 'string' && /^\d{1,60}$/.test(written) ? written : '';
  const isTime = typeof seconds === 'number' && seconds > 0 && seconds < LATEST_SECONDS;
  const place = { sequenceNumber, createdAt: isTime ? seconds * 1_000 : 0 };
  if (sequenceNumber === '') {
    // DynamoDB never sends such a one: all that it holds must name it.
    const digest = digestOf(JSON.stringify(record));
    return { ...place, digest, ignored: 'the change has no sequence number' };
  }
  if (record?.eventName !== 'INSERT') return [];
  return { ...place, digest: digestOf(identityOf(record, sequenceNumber)), ...contentOf(record) };
}

/** A sequence number is unique in its shard alone; of one item no two changes share one. */
function identityOf({ dynamodb }: DynamoDBRecord, sequenceNumber: string): string {
  const { Keys = {} } = dynamodb ?? {};
  const names = Object.keys(Keys).sort();
  return JSON.stringify([sequenceNumber, ...names.map((name) => [name, Keys[name]])]);
}

function contentOf(record: DynamoDBRecord): Pick<TableChange, 'item' | 'ignored'> {
  const image = record.dynamodb?.NewImage as Record<string, AttributeValue> | undefined;
  if (!image) return { ignored: 'the change has no new image' };
  try {
    const item = readStoredItem(fromAttributes(image, countedAttributes), countedItemSchema);
    return item ? { item } : { ignored: 'the item is neither a result nor a rejection' };
  } catch (error) {
    // Its name alone: the message may quote the item.
    const name = error instanceof Error ? error.name : typeof error;
    return { ignored: `the item cannot be read (${name})` };
  }
}
