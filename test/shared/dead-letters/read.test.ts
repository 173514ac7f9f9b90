import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalService } from '#local/services/local-service.ts';
import { startS3 } from '#local/services/s3/index.ts';
import { createFailuresBucket } from '#shared/dead-letters/read.ts';
import { clientConfig, uniqueName } from '#test/conformance/support/adapter.ts';

const key = 'rejected/text/shardId-000000000000/1.json';

describe('createFailuresBucket', () => {
  let service: LocalService;
  let client: S3Client;
  let Bucket: string;

  beforeAll(async () => {
    service = await startS3();
    client = new S3Client({ ...clientConfig(service.endpoint), forcePathStyle: true });
  });
  beforeEach(async () => {
    Bucket = uniqueName('failures');
    await client.send(new CreateBucketCommand({ Bucket }));
    for (const Key of [key, 'aws/lambda/m/s/2026/02/03/one']) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: '{}' }));
    }
  });
  afterAll(async () => {
    client.destroy();
    await service.close();
  });

  it('lists both kinds of failures and takes no marker for one', async () => {
    const failures = createFailuresBucket(client, Bucket);
    await failures.putMarker(key, 'too-large');

    const listed = await failures.list();

    expect(listed.map((failure) => failure.key).sort()).toEqual([
      'aws/lambda/m/s/2026/02/03/one',
      key,
    ]);
    const marker = listed.find((failure) => failure.key === key)?.marker;
    expect(marker?.reason).toBe('too-large');
    expect(marker?.sentAt).toBeUndefined();
  });

  it('lets one of many runs claim a failure', async () => {
    const runs = Array.from({ length: 8 }, () => createFailuresBucket(client, Bucket));

    const claims = await Promise.all(runs.map((run) => run.putMarker(key, 'too-large')));

    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('lets one of many runs take over a claim, and none a completed one', async () => {
    const first = createFailuresBucket(client, Bucket);
    await first.putMarker(key, 'too-large');
    const tag = (await first.list()).find((failure) => failure.key === key)?.marker?.tag;
    const runs = Array.from({ length: 8 }, () => createFailuresBucket(client, Bucket));

    const claims = await Promise.all(runs.map((run) => run.putMarker(key, 'too-large', tag)));
    await runs[claims.indexOf(true)]?.completeMarker(key, 'too-large');
    const late = await createFailuresBucket(client, Bucket).putMarker(key, 'too-large', tag);

    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(late).toBe(false);
  });

  it('knows its own claim again where the answer to it was lost', async () => {
    await createFailuresBucket(client, Bucket, { run: 'this' }).putMarker(key, 'too-large');

    const again = await createFailuresBucket(client, Bucket, { run: 'this' }).putMarker(
      key,
      'too-large',
    );

    expect(again).toBe(true);
  });

  it('says when a failure was claimed and sent', async () => {
    let time = Date.parse('2026-02-03T04:05:06.000Z');
    const failures = createFailuresBucket(client, Bucket, { now: () => time });
    await failures.putMarker(key, 'too-large');
    time += 1_000;

    await failures.completeMarker(key, 'too-large');

    const [marker] = (await failures.list()).flatMap((failure) => failure.marker ?? []);
    expect(marker).toMatchObject({
      claimedAt: '2026-02-03T04:05:06.000Z',
      sentAt: '2026-02-03T04:05:07.000Z',
    });
  });
});
