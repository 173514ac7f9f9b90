import { expect, it } from 'vitest';
import {
  invocationRecord,
  invocationRecordKey,
  mappingUuid,
} from '#local/event-source-mapping/invocation-record.ts';
import { aRecord } from './records.ts';

const given = {
  functionArn: 'arn:function',
  shardId: 'shardId-000000000001',
  records: [aRecord(1), aRecord(2)] as const,
  event: { Records: [aRecord(1).event, aRecord(2).event] },
  lastFailure: { requestId: 'r-2', functionError: 'Unhandled' as const, invokeCount: 3 },
  now: Date.parse('2026-02-03T04:05:06.789Z'),
};

it('has the shape and the key that Lambda gives an S3 destination', () => {
  const record = invocationRecord({
    ...given,
    records: [...given.records],
    source: { kind: 'kinesis', arn: 'arn:stream' },
  });
  const key = invocationRecordKey({
    mappingUuid: 'the-mapping',
    shardId: given.shardId,
    now: given.now,
    uuid: 'a-uuid',
  });

  expect(key).toBe(
    'aws/lambda/the-mapping/shardId-000000000001/2026/02/03/2026-02-03T04.05.06-a-uuid',
  );
  const { payload, ...rest } = record;
  expect(JSON.parse(payload)).toEqual(given.event);
  expect(rest).toEqual({
    requestContext: {
      requestId: 'r-2',
      functionArn: 'arn:function',
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 3,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      functionError: 'Unhandled',
    },
    version: '1.0',
    timestamp: '2026-02-03T04:05:06.789Z',
    KinesisBatchInfo: {
      shardId: 'shardId-000000000001',
      startSequenceNumber: '1001',
      endSequenceNumber: '1002',
      approximateArrivalOfFirstRecord: '1970-01-01T00:00:01.000Z',
      approximateArrivalOfLastRecord: '1970-01-01T00:00:02.000Z',
      batchSize: 2,
      streamArn: 'arn:stream',
    },
  });
});

it('names the batch by its kind of stream, with the seconds that DynamoDB Streams know', () => {
  const record = invocationRecord({
    ...given,
    records: [...given.records],
    source: { kind: 'dynamodb', arn: 'arn:stream' },
  });

  expect(record.DDBStreamBatchInfo).toMatchObject({
    batchSize: 2,
    approximateArrivalOfFirstRecord: '1970-01-01T00:00:01Z',
    approximateArrivalOfLastRecord: '1970-01-01T00:00:02Z',
  });
  expect(record).not.toHaveProperty('KinesisBatchInfo');
});

it('tells of an answer that was no valid response by a functionError of null', () => {
  const record = invocationRecord({
    ...given,
    records: [...given.records],
    source: { kind: 'kinesis', arn: 'arn:stream' },
    lastFailure: { requestId: 'r-3', functionError: null, invokeCount: 3 },
  });

  expect(record.responseContext).toEqual({
    statusCode: 200,
    executedVersion: '$LATEST',
    functionError: null,
  });
});

it('has no response, a request of its own and one invocation where records were too old', () => {
  const { lastFailure: _, ...untried } = given;
  const record = invocationRecord({
    ...untried,
    records: [...given.records],
    source: { kind: 'kinesis', arn: 'arn:stream' },
  });

  expect(record.requestContext).toEqual({
    requestId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    functionArn: 'arn:function',
    condition: 'RecordAgeExceeded',
    approximateInvokeCount: 1,
  });
  expect(record).not.toHaveProperty('responseContext');
});

it('names a mapping by a UUID that its function and stream decide', () => {
  const uuid = mappingUuid('arn:function', 'arn:stream');

  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(mappingUuid('arn:function', 'arn:stream')).toBe(uuid);
  expect(mappingUuid('arn:function', 'arn:other')).not.toBe(uuid);
});
