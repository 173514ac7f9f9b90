import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { invocationRecord } from '#local/event-source-mapping/invocation-record.ts';
import type { SourceRecord } from '#local/event-source-mapping/source.ts';
import { parseFailure } from '#shared/dead-letters/object.ts';
import { ValidationError } from '#shared/errors.ts';

const failureObject = (bytes: Uint8Array) => ({
  version: 1,
  data: Buffer.from(bytes).toString('base64'),
  partitionKey: 'key of the record',
  stream: 'text',
  shard: 'shardId-000000000000',
  sequenceNumber: '17',
  arrivedAt: '2026-02-03T04:05:06.000Z',
  reason: 'too-large',
  message: 'text is too large',
  firstSeenAt: '2026-02-03T04:05:07.000Z',
});

const firstRecord: SourceRecord = {
  sequenceNumber: '1',
  partitionKey: 'p',
  arrivedAt: 0,
  bytes: 1,
  event: { eventID: '1' },
};

const abandoned = (event: unknown) =>
  JSON.stringify(
    invocationRecord({
      source: { kind: 'kinesis', arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/text' },
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:inference',
      shardId: 's',
      records: [firstRecord],
      event,
      lastFailure: { requestId: 'r', functionError: 'Unhandled', invokeCount: 6 },
      now: 0,
    }),
  );

describe('parseFailure', () => {
  it('gives back the bytes of a record as large as a stream takes', () => {
    const bytes = randomBytes(1024 * 1024 - 17);

    const { reason, blobs } = parseFailure('rejected/a', JSON.stringify(failureObject(bytes)));

    expect(reason).toBe('too-large');
    expect(blobs).toHaveLength(1);
    expect(bytes.equals(blobs[0]?.data ?? Buffer.of())).toBe(true);
    expect(blobs[0]?.partitionKey).toBe('key of the record');
  });

  it('gives back every record of a batch that Lambda gave up, in its order', () => {
    const event = {
      Records: ['\u{1F600}', '\xff'].map((text) => ({
        eventSource: 'aws:kinesis',
        kinesis: { data: Buffer.from(text).toString('base64'), partitionKey: `key of ${text}` },
      })),
    };

    const { reason, blobs } = parseFailure('aws/lambda/m/s/1', abandoned(event));

    expect(reason).toBe('abandoned');
    expect(blobs.map(({ data, partitionKey }) => [`${data}`, partitionKey])).toEqual([
      ['\u{1F600}', 'key of \u{1F600}'],
      ['\xff', 'key of \xff'],
    ]);
  });

  it.each([
    ['rejected/a', '{', '(record)'],
    ['rejected/a', JSON.stringify({ ...failureObject(Buffer.of()), data: '%' }), 'data'],
    ['rejected/a', JSON.stringify({ ...failureObject(Buffer.of()), reason: 'mood' }), 'reason'],
    ['aws/lambda/a', '{}', 'payload'],
    ['aws/lambda/a', abandoned({ Records: [] }), 'Records'],
    ['aws/lambda/a', abandoned({ Records: [{ dynamodb: {} }] }), 'Records[0].kinesis'],
  ])('names the field of %s that is wrong: %#', (key, text, field) => {
    let thrown: unknown;

    try {
      parseFailure(key, text);
    } catch (error) {
      thrown = error;
    }

    expect(thrown).toBeInstanceOf(ValidationError);
    expect(thrown).toMatchObject({ field });
  });
});
