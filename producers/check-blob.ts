import { ValidationError } from '#shared/errors.ts';
import { type Blob, sizeOf } from './put-records.ts';

/** Most bytes of one record on the stream, partition key included. */
export const MAXIMUM_RECORD_BYTES = 1024 * 1024;
/** Longest partition key, in Unicode code points, as Kinesis counts them. */
const MAXIMUM_KEY_LENGTH = 256;
/** The field that faults of partition keys are named by. */
export const KEY_FIELD = 'partitionKey';

/**
 * Refuses what Kinesis refuses, and with it every other record of the call.
 *
 * @throws {ValidationError} naming the field at fault
 */
export function checkBlob(blob: Blob): Blob {
  const { data, partitionKey }: { data: unknown; partitionKey: unknown } = blob;
  const fault = (field: string, rule: string) => new ValidationError(field, `${field} ${rule}`);
  if (!(data instanceof Uint8Array)) throw fault('data', 'must be bytes (a Uint8Array)');
  if (typeof partitionKey !== 'string') {
    throw fault(
      KEY_FIELD,
      `must be a string, and is ${partitionKey === null ? 'null' : typeof partitionKey}`,
    );
  }
  if (!partitionKey.isWellFormed()) throw fault(KEY_FIELD, 'must be well-formed Unicode');
  // A code point is two code units at most, so that what is far too long is not counted.
  const length =
    partitionKey.length > 2 * MAXIMUM_KEY_LENGTH ? partitionKey.length : [...partitionKey].length;
  if (length < 1 || length > MAXIMUM_KEY_LENGTH) {
    throw fault(KEY_FIELD, `must be 1 to ${MAXIMUM_KEY_LENGTH} characters, and has ${length}`);
  }
  const size = sizeOf(blob);
  if (size > MAXIMUM_RECORD_BYTES) {
    const message = `the record has ${size} bytes with its key; a stream takes ${MAXIMUM_RECORD_BYTES}`;
    throw new ValidationError('(record)', message);
  }
  return blob;
}
