import type { SourceRecord } from '#local/event-source-mapping/source.ts';
import type { Invocation } from '#local/lambda/invocation.ts';

/** A record of a Kinesis shard, numbered; arrives at second `index` unless told otherwise. */
export function aRecord(
  index: number,
  given: { key?: string; arrivedAt?: number; bytes?: number } = {},
): SourceRecord {
  const sequenceNumber = String(1_000 + index);
  const partitionKey = given.key ?? 'key';
  const arrivedAt = given.arrivedAt ?? index * 1_000;
  const event = {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber,
      data: Buffer.from(`record ${index}`).toString('base64'),
      approximateArrivalTimestamp: arrivedAt / 1_000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-0:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/local',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/text',
  };
  const bytes = given.bytes ?? Buffer.byteLength(JSON.stringify(event));
  return { sequenceNumber, partitionKey, arrivedAt, bytes, event };
}

/** `count` records in order. */
export const someRecords = (count: number): SourceRecord[] =>
  Array.from({ length: count }, (_, index) => aRecord(index));

/** A successful invocation. */
export const answer = (payload: unknown): Invocation => ({ ok: true, requestId: 'r-1', payload });

/** A failed invocation. */
export const failure: Invocation = {
  ok: false,
  requestId: 'r-2',
  kind: 'error',
  errorType: 'Error',
  errorMessage: 'no',
};

/** The report of one failed record. */
export const report = (...sequenceNumbers: readonly unknown[]) => ({
  batchItemFailures: sequenceNumbers.map((itemIdentifier) => ({ itemIdentifier })),
});
