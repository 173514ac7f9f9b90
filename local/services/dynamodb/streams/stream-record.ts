import { createHash } from 'node:crypto';
import type { WireItem } from '../dynalite.ts';
import { itemSize } from '../dynalite.ts';
import type { ItemChange, Stream, StreamRecord } from './types.ts';

/** The record of a change, with the images that the stream's view asks for. */
export function streamRecord(
  stream: Stream,
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

function keysOf(stream: Stream, item: WireItem): WireItem {
  return Object.fromEntries(
    stream.keySchema.flatMap(({ AttributeName: name }) => {
      const value = item[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
