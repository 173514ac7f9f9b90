import type { KinesisStreamEvent } from 'aws-lambda';
import { ValidationError } from '#shared/errors.ts';
import { type DecodedRecord, decodeStreamRecord } from '#shared/stream/decode-record.ts';

/**
 * Decodes a batch of the stream, in stream order; records of one aggregate follow each other and share a sequence number.
 *
 * @throws {ValidationError} where the event is no batch of a Kinesis stream.
 */
export function readKinesisEvent(event: KinesisStreamEvent): DecodedRecord[] {
  if (!Array.isArray(event?.Records)) {
    throw new ValidationError('Records', 'the event is no Kinesis batch: Records is required');
  }
  return event.Records.flatMap(({ kinesis, eventID, eventSourceARN }) =>
    decodeStreamRecord({
      position: {
        stream: eventSourceARN.slice(eventSourceARN.lastIndexOf('/') + 1),
        shard: eventID.slice(0, eventID.lastIndexOf(':')),
        sequenceNumber: kinesis.sequenceNumber,
      },
      partitionKey: kinesis.partitionKey,
      arrivedAt: new Date(Math.round(kinesis.approximateArrivalTimestamp * 1000)).toISOString(),
      data: Buffer.from(kinesis.data, 'base64'),
    }),
  );
}
