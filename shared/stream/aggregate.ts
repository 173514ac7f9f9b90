import { createHash } from 'node:crypto';
import { SpanstreamError } from '#shared/errors.ts';
import { createProtobufReader } from './protobuf.ts';

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const DIGEST_BYTES = 16;

/** One record within an aggregate of the Kinesis Producer Library. */
export interface AggregateMember {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** Whether a blob claims to be an aggregate: whether it starts with the library's four magic bytes. */
export function isAggregate(blob: Uint8Array): boolean {
  return blob.length >= MAGIC.length && MAGIC.every((byte, index) => blob[index] === byte);
}

const broken = (message: string, cause?: unknown) =>
  new SpanstreamError('undecodable', `the aggregate ${message}`, { cause });

/**
 * Takes an aggregate apart: magic bytes, protobuf message, MD5 of the message. Members are views into the blob.
 *
 * @throws {SpanstreamError} `undecodable` where the sum, a length or a partition key's index lies, or no record is inside.
 */
export function decodeAggregate(blob: Uint8Array): AggregateMember[] {
  const end = blob.length - DIGEST_BYTES;
  if (end < MAGIC.length) throw broken('is shorter than its own frame');
  const message = blob.subarray(MAGIC.length, end);
  if (!createHash('md5').update(message).digest().equals(blob.subarray(end))) {
    throw broken('does not match its MD5 sum');
  }
  try {
    return readMembers(message);
  } catch (error) {
    if (error instanceof SpanstreamError) throw error;
    throw broken('is no protobuf message', error);
  }
}

function readMembers(message: Uint8Array): AggregateMember[] {
  const keys: string[] = [];
  const records: { keyIndex: number | undefined; data: Uint8Array | undefined }[] = [];
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  for (const field of createProtobufReader(message)) {
    if (field.number === 1 && field.bytes) keys.push(utf8.decode(field.bytes));
    else if (field.number === 3 && field.bytes) records.push(readRecord(field.bytes));
  }
  if (records.length === 0) throw broken('holds no record');
  return records.map(({ keyIndex, data }, index) => {
    const partitionKey = keyIndex === undefined ? undefined : keys[keyIndex];
    if (partitionKey === undefined || data === undefined) {
      throw broken(`lacks the partition key or data of its record ${index}`);
    }
    return { partitionKey, data };
  });
}

function readRecord(bytes: Uint8Array) {
  let keyIndex: number | undefined;
  let data: Uint8Array | undefined;
  for (const field of createProtobufReader(bytes)) {
    if (field.number === 1) keyIndex = field.value;
    else if (field.number === 3) data = field.bytes;
  }
  return { keyIndex, data };
}
