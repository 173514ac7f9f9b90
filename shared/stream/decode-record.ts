import { isUtf8 } from 'node:buffer';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { type RecordPosition, type Rejection, rejectionOf } from '#shared/contracts/rejection.ts';
import { checkTextRecord, type TextRecord } from '#shared/contracts/text-record.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { decodeAggregate, isAggregate } from './aggregate.ts';

/** A record as the stream delivers it. */
export interface DeliveredRecord {
  readonly position: RecordPosition;
  readonly partitionKey: string;
  /** ISO 8601 in UTC with milliseconds. */
  readonly arrivedAt: string;
  readonly data: Uint8Array;
}

/** What a stream record turned out to hold: a text record, or a reason why it never can be one. */
export type DecodedRecord = DeliveredRecord &
  (
    | { readonly record: TextRecord; readonly rejection?: undefined }
    | {
        readonly record?: undefined;
        readonly rejection: Rejection;
      }
  );

/**
 * Decodes one blob of the stream: an aggregate becomes its records, each settled by itself; bytes become a checked text record.
 * Never throws: what cannot be read comes back as a rejection that names the field.
 */
export function decodeStreamRecord(blob: DeliveredRecord): DecodedRecord[] {
  if (!isAggregate(blob.data)) return [decodeOne(blob)];
  try {
    return decodeAggregate(blob.data).map((member, subSequenceNumber) =>
      decodeOne({ ...blob, ...member, position: { ...blob.position, subSequenceNumber } }),
    );
  } catch (error) {
    return [{ ...blob, rejection: rejectionOf(error) }];
  }
}

function decodeOne(blob: DeliveredRecord): DecodedRecord {
  try {
    return { ...blob, record: decodeTextRecord(blob.data) };
  } catch (error) {
    return { ...blob, rejection: rejectionOf(error) };
  }
}

/**
 * Reads a text record from bytes.
 *
 * @throws {SpanstreamError} `undecodable`, `invalid-json`, `invalid-record` or `too-large`.
 */
export function decodeTextRecord(bytes: Uint8Array): TextRecord {
  return checkTextRecord(parseJson(decodeUtf8(bytes)));
}

function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new SpanstreamError('undecodable', 'the data is not valid UTF-8');
  // With a byte order mark, if there is one: it is for `parseJson` to take off, as at every other entrance.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
