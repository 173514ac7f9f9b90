import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { ValidationError } from '#shared/errors.ts';
import { fromStoredItem, type TableItem } from '#shared/results-table/stored-item.ts';
import { type Digested, digestOf } from './digests.ts';

/** An insert into the results table, with its item or why it is not to be counted. */
export interface TableChange extends Digested {
  /** As the stream gives it; empty where it does not. */
  readonly sequenceNumber: string;
  /** Epoch milliseconds, rounded down to the second as DynamoDB gives it; 0 where it does not. */
  readonly createdAt: number;
  readonly item?: TableItem;
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

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T/;

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
  if (!record.dynamodb?.NewImage) return { ignored: 'the change has no new image' };
  try {
    const item = fromStoredItem(
      // A number of a foreign item may be larger than any of ours: it must not make the item unreadable, nor the batch.
      unmarshall(imageOf(record.dynamodb.NewImage), { wrapNumbers: (digits) => Number(digits) }),
    );
    if (!item) return { ignored: 'the item is neither a result nor a rejection' };
    if (ISO_TIME.test(item.arrivedAt) && Number.isFinite(Date.parse(item.arrivedAt))) {
      return { item };
    }
    return { ignored: 'arrivedAt of the item is no time' };
  } catch (error) {
    // Its name alone: the message may quote the item.
    const name = error instanceof Error ? error.name : typeof error;
    return { ignored: `the item cannot be read (${name})` };
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
