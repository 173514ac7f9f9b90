import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { invocationRecord, s3Destination } from '#local/event-source-mapping/invocation-record.ts';
import { startS3 } from '#local/services/s3/index.ts';
import { aRecord } from '#test/local/event-source-mapping/records.ts';

it('keeps an invocation record under its key, as it is', async () => {
  const server = await startS3();
  const client = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await client.send(new CreateBucketCommand({ Bucket: 'failures' }));
  const record = invocationRecord({
    source: { kind: 'kinesis', arn: 'arn:stream' },
    functionArn: 'arn:function',
    shardId: 'shardId-000000000000',
    records: [aRecord(1)],
    event: { Records: [aRecord(1).event] },
    now: 0,
  });
  const key = 'aws/lambda/mapping/shardId-000000000000/1970/01/01/1970-01-01T00.00.00-uuid';

  await s3Destination(client, 'failures')(key, record);

  const kept = await client.send(new GetObjectCommand({ Bucket: 'failures', Key: key }));
  expect(kept.ContentType).toBe('application/json');
  expect(JSON.parse((await kept.Body?.transformToString()) ?? '')).toEqual(record);
  client.destroy();
  await server.close();
  await expect(s3Destination(client, 'failures')(key, record)).rejects.toThrow();
});
