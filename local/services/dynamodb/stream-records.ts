import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { REGION } from '../local-service.ts';
import type { LogShard } from '../record-log.ts';
import { sizeOf, type WireItem } from './dynalite.ts';
import type { TableDescription } from './stored-table.ts';

/** Which images of an item the records of a stream hold. */
export const VIEW_TYPES = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'] as const;
/** One of {@link VIEW_TYPES}. */
export type StreamViewType = (typeof VIEW_TYPES)[number];

/** A shard of a table's stream: one slot of the hash space for a stretch of time. */
export interface TableStreamShard extends LogShard {
  slot: number;
}

/** A table's stream. */
export interface TableStream {
  arn: string;
  label: string;
  tableName: string;
  viewType: StreamViewType;
  keySchema: TableDescription['KeySchema'];
  enabled: boolean;
  createdAt: number;
  slots: number;
  Shards: TableStreamShard[];
}

/** What happened to one item. */
export interface ItemChange {
  before: WireItem | undefined;
  after: WireItem | undefined;
  /** The service that made the change, where no caller did. */
  principal?: string;
}

/** A stream record as GetRecords answers it. */
export type TableStreamRecord = ReturnType<typeof tableStreamRecord>;

/** The record of a change, with the images that the stream's view asks for; `now` in epoch milliseconds. */
export function tableStreamRecord(
  { arn, keySchema, viewType }: TableStream,
  { before, after, principal }: ItemChange,
  sequenceNumber: string,
  now: number,
) {
  const item = after ?? before ?? {};
  const Keys = Object.fromEntries(
    keySchema.map(({ AttributeName: name }) => [name, item[name] ?? {}]),
  );
  const NewImage = viewType.startsWith('NEW_') ? after : undefined;
  const OldImage = viewType.includes('OLD_IMAGE') ? before : undefined;
  const images = [Keys, NewImage, OldImage].filter((image) => image !== undefined);
  return {
    eventID: createHash('md5').update(`${arn}/${sequenceNumber}`).digest('hex'),
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: REGION,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(now / 1_000),
      Keys,
      NewImage,
      OldImage,
      SequenceNumber: sequenceNumber,
      SizeBytes: images.reduce((bytes, image) => bytes + sizeOf(image), 0),
      StreamViewType: viewType,
    },
    ...(principal && { userIdentity: { PrincipalId: principal, Type: 'Service' } }),
  };
}

const SETS = new Set(['SS', 'NS', 'BS']);

/** Whether two items are equal by value: attributes and members of sets in any order. */
export function sameItem(a: WireItem, b: WireItem): boolean {
  const withSets = (name: string, value: unknown) =>
    SETS.has(name) && Array.isArray(value) ? new Set(value) : value;
  const byValue = (item: WireItem) => JSON.parse(JSON.stringify(item), withSets);
  return isDeepStrictEqual(byValue(a), byValue(b));
}
