import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIntakeBucket } from '#consumers/intake/bucket.ts';
import { type Report, reportKey } from '#consumers/intake/report.ts';
import { startS3 } from '#local/services/s3/index.ts';
import { ObjectChangedError, UnreadableObjectError } from '#shared/record-files/s3-objects.ts';
import { clientConfig } from '#test/conformance/support/adapter.ts';

const Bucket = 'intake';
const report: Report = {
  ...{ version: 1, object: 'inbox/a', etag: '"1"', putAt: '2026', state: 'reading', bytes: 1 },
  ...{
    read: 0,
    put: 0,
    invalid: 0,
    firstInvalid: [],
    cut: 0,
    startedAt: '2026',
    updatedAt: '2026',
  },
};

describe('the intake bucket in S3', () => {
  let service: Awaited<ReturnType<typeof startS3>>;
  let client: S3Client;
  const put = (Key: string, Body: Buffer) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { source: 'mails' } }));

  beforeAll(async () => {
    service = await startS3();
    client = new S3Client({ ...clientConfig(service.endpoint), forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket }));
  });
  afterAll(async () => {
    client.destroy();
    await service.close();
  });

  it('reads an object by ranges, from any offset', async () => {
    const bucket = createIntakeBucket(client, Bucket);
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'abc');
    await put('inbox/large', bytes);
    const head = await bucket.head('inbox/large');
    expect(head).toMatchObject({ size: bytes.length, source: 'mails' });
    for (const offset of [0, 9_999_999, bytes.length]) {
      const read: Uint8Array[] = [];
      if (head) for await (const one of bucket.read('inbox/large', head, offset)) read.push(one);
      expect(read.length).toBeLessThanOrEqual(3);
      expect(Buffer.concat(read).equals(bytes.subarray(offset))).toBe(true);
    }
  });

  it('tells an object that changed from one that is gone, or may not be read', async () => {
    const bucket = createIntakeBucket(client, Bucket);
    await put('inbox/a', Buffer.from('first'));
    const head = await bucket.head('inbox/a');
    if (!head) throw new Error('there is no object');
    const read = async (from = bucket) => {
      for await (const _ of from.read('inbox/a', head, 0));
    };
    await put('inbox/a', Buffer.from('second'));
    await expect(read()).rejects.toThrow(ObjectChangedError);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'inbox/a' }));
    await expect(read()).rejects.toThrow(UnreadableObjectError);
    expect(await bucket.head('inbox/a')).toBeUndefined();
    const denied = (name: string, httpStatusCode: number) =>
      createIntakeBucket(
        {
          send: async () => {
            throw Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } });
          },
        } as unknown as S3Client,
        Bucket,
      );
    await expect(read(denied('AccessDenied', 403))).rejects.toThrow(UnreadableObjectError);
    await expect(read(denied('KMS.DisabledException', 400))).rejects.toThrow(UnreadableObjectError);
    await expect(denied('AccessDenied', 403).head('a')).rejects.toThrow(UnreadableObjectError);
    await expect(denied('ExpiredToken', 400).head('a')).rejects.not.toThrow(UnreadableObjectError);
  });

  it('writes a report over the one that it knows, and over no other', async () => {
    const bucket = createIntakeBucket(client, Bucket);
    const key = 'inbox/reported';
    expect(await bucket.readReport(key)).toBeUndefined();
    const first = await bucket.writeReport(key, report, undefined);
    expect(first).toBeDefined();
    const next = { ...report, read: 1 };
    expect(await bucket.writeReport(key, next, undefined)).toBeUndefined();
    expect(await bucket.writeReport(key, next, '"other"')).toBeUndefined();
    const second = await bucket.writeReport(key, next, first);
    expect(await bucket.readReport(key)).toEqual({ report: next, tag: second });
    // As where the answer to the very same write was lost.
    expect(await bucket.writeReport(key, next, first)).toBe(second);
  });

  it('takes what lies there and is no report for none', async () => {
    const bucket = createIntakeBucket(client, Bucket);
    await put(reportKey('inbox/odd'), Buffer.from('{}'));
    const known = await bucket.readReport('inbox/odd');
    expect(known).toMatchObject({ report: undefined, tag: expect.any(String) });
    expect(await bucket.writeReport('inbox/odd', report, known?.tag)).toBeDefined();
  });

  it('names reports so that S3 takes them, however long the key', async () => {
    const key = `inbox/${'ü'.repeat(509)}`;
    expect(reportKey('inbox/a/b.csv')).toBe('reports/a/b.csv.json');
    expect(reportKey(key)).toMatch(/^reports\/[0-9a-f]{64}\.json$/);
    const bucket = createIntakeBucket(client, Bucket);
    await bucket.writeReport(key, report, undefined);
    const got = new GetObjectCommand({ Bucket, Key: reportKey(key) });
    expect((await client.send(got)).ContentType).toBe('application/json');
  });
});
