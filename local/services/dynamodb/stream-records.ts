import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { itemSize, type TableRecord, type WireItem } from './dynalite.ts';

/** Which images of an item the records of a stream hold. */
export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/** What of a stream decides on its records. */
export interface RecordedStream {
  arn: string;
  viewType: StreamViewType;
  keySchema: TableRecord['KeySchema'];
}

/** What happened to one item. */
export interface ItemChange {
  before: WireItem | undefined;
  after: WireItem | undefined;
  /** The service that made the change, where no caller did. */
  principal?: string;
}

/** A stream record as GetRecords answers it. */
export interface StreamRecord {
  eventID: string;
  eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  eventVersion: '1.1';
  eventSource: 'aws:dynamodb';
  awsRegion: string;
  dynamodb: {
    ApproximateCreationDateTime: number;
    Keys: WireItem;
    NewImage?: WireItem;
    OldImage?: WireItem;
    SequenceNumber: string;
    SizeBytes: number;
    StreamViewType: StreamViewType;
  };
  userIdentity?: { PrincipalId: string; Type: 'Service' };
}

/** The record of a change, with the images that the stream's view asks for. */
export function streamRecord(
  stream: RecordedStream,
  change: ItemChange,
  at: { sequenceNumber: string; now: number; region: string },
): StreamRecord {
  const { before, after } = change;
  const keys = keysOf(stream, after ?? before ?? {});
  const view = stream.viewType;
  const newImage = view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES' ? after : undefined;
  const oldImage = view === 'OLD_IMAGE' || view === 'NEW_AND_OLD_IMAGES' ? before : undefined;
  return {
    eventID: createHash('md5').update(`${stream.arn}/${at.sequenceNumber}`).digest('hex'),
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: at.region,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(at.now / 1_000),
      Keys: keys,
      ...(newImage && { NewImage: newImage }),
      ...(oldImage && { OldImage: oldImage }),
      SequenceNumber: at.sequenceNumber,
      SizeBytes:
        itemSize(keys) +
        (newImage === undefined ? 0 : itemSize(newImage)) +
        (oldImage === undefined ? 0 : itemSize(oldImage)),
      StreamViewType: view,
    },
    ...(change.principal && {
      userIdentity: { PrincipalId: change.principal, Type: 'Service' as const },
    }),
  };
}

function keysOf(stream: RecordedStream, item: WireItem): WireItem {
  return Object.fromEntries(
    stream.keySchema.flatMap(({ AttributeName: name }) => {
      const value = item[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

const SETS = new Set(['SS', 'NS', 'BS']);

/** Whether two items are equal by value: attributes and members of sets in any order. */
export function sameItem(a: WireItem, b: WireItem): boolean {
  return isDeepStrictEqual(sortSets(a), sortSets(b));
}

function sortSets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    return SETS.has(name) ? [...value].sort() : value.map((inner) => sortSets(inner));
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, sortSets(inner, key)]),
  );
}
