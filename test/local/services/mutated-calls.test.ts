import { expect, it } from 'vitest';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { startS3 } from '#local/services/s3/index.ts';
import { mutateCalls } from '#test/fuzz/mutate-calls.ts';

it('answers every call, however it is mutated, and goes on', async () => {
  const [kinesis, dynamodb, cloudwatch, s3] = await Promise.all([
    startKinesis(),
    startDynamoDb(),
    startCloudWatch({ intervalMs: 200 }),
    startS3(),
  ]);
  const report = await mutateCalls({
    seed: 11,
    count: 1_000,
    endpoints: {
      kinesis: kinesis.endpoint,
      dynamodb: dynamodb.endpoint,
      cloudwatch: cloudwatch.endpoint,
      s3: s3.endpoint,
    },
  });
  await Promise.all([kinesis, dynamodb, cloudwatch, s3].map((service) => service.close()));

  expect(report.internalFailures).toEqual([]);
  const statuses = Object.keys(report.answers).map((answer) => answer.split(' ').at(-1));
  expect(statuses).toEqual(
    expect.arrayContaining(['200', '204', '400', '403', '404', '501', 'aborted']),
  );
}, 120_000);
