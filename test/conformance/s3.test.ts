import { request } from 'node:http';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startS3 } from '#local/services/s3/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from './support/adapter.ts';
import { itOf } from './support/differences.ts';

const adapters = await adaptersBeside(() => startS3());

for (const adapter of adapters) {
  describe.skipIf(adapter.skip)(`S3: ${adapter.skip ?? adapter.name}`, () => {
    const it = itOf(adapter);
    let service: Awaited<ReturnType<typeof adapter.start>>;
    let client: S3Client;
    const Bucket = uniqueName('conformance');
    const put = (Key: string, Body: string) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body }));

    beforeAll(async () => {
      service = await adapter.start();
      client = new S3Client({ ...clientConfig(service.endpoint), forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket }));
    });
    afterAll(async () => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket, Key }));
      await client.send(new DeleteBucketCommand({ Bucket }));
      client.destroy();
      await service.close();
    });

    it('reads ranges, of the content that is meant', async () => {
      const Key = 'ranges';
      await put(Key, '0123456789');
      const read = async (Range: string, IfMatch?: string) => {
        const command = new GetObjectCommand({ Bucket, Key, Range, ...(IfMatch && { IfMatch }) });
        const { Body, ContentRange } = await client.send(command);
        return [await Body?.transformToString(), ContentRange];
      };
      expect(await read('bytes=2-4')).toEqual(['234', 'bytes 2-4/10']);
      expect(await read('bytes=8-99')).toEqual(['89', 'bytes 8-9/10']);
      expect(await read('bytes=7-')).toEqual(['789', 'bytes 7-9/10']);
      expect(await read('bytes=-1')).toEqual(['9', 'bytes 9-9/10']);
      await expect(read('bytes=10-')).rejects.toMatchObject({ name: 'InvalidRange' });
      const { ETag = '' } = await client.send(new HeadObjectCommand({ Bucket, Key }));
      expect(await read('bytes=0-0', ETag)).toEqual(['0', 'bytes 0-0/10']);
      await put(Key, 'changed');
      const statusOf = { $metadata: { httpStatusCode: 412 } };
      await expect(read('bytes=0-0', ETag)).rejects.toMatchObject(statusOf);
    });

    it('copies an object with its metadata, or with others', async () => {
      const Key = 'copied/ü b';
      const from = { Bucket, Key: 'copy source/ü', Body: 'body', Metadata: { source: 'a' } };
      await client.send(new PutObjectCommand(from));
      const CopySource = encodeURIComponent(`${Bucket}/${from.Key}`);
      await client.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await got.Body?.transformToString()).toBe('body');
      expect(got.Metadata).toEqual({ source: 'a' });
      const others = { MetadataDirective: 'REPLACE', Metadata: { source: 'b' } } as const;
      await client.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...others }));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
      expect(head.Metadata).toEqual({ source: 'b' });
      const none = { Bucket, Key, CopySource: `${Bucket}/none` };
      await expect(client.send(new CopyObjectCommand(none))).rejects.toThrow();
    });

    /** Begins an upload; what is put and completed of it goes by its name. */
    async function startUpload(Key: string) {
      const upload = { Bucket, Key, Metadata: { source: 'a' } };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
      const of = { Bucket, Key, UploadId };
      return {
        async put(PartNumber: number, Body: Buffer) {
          const { ETag } = await client.send(new UploadPartCommand({ ...of, PartNumber, Body }));
          return { PartNumber, ETag };
        },
        complete: (...Parts: { PartNumber: number; ETag: string | undefined }[]) =>
          client.send(new CompleteMultipartUploadCommand({ ...of, MultipartUpload: { Parts } })),
        abort: () => client.send(new AbortMultipartUploadCommand(of)),
      };
    }

    it('puts an object in parts, or not at all', async () => {
      const Key = 'in parts';
      // All parts but the last have 5 MiB at least.
      const bytes = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('end')] as const;
      const { put, complete } = await startUpload(Key);
      const [two, one] = [await put(2, bytes[1]), await put(1, bytes[0])];
      const mixedUp = complete({ ...one, ETag: two.ETag }, two);
      await expect(mixedUp).rejects.toMatchObject({ name: 'InvalidPart' });
      const { ETag } = await complete(one, two);
      expect(ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      const whole = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
      expect(whole.equals(Buffer.concat(bytes))).toBe(true);
      expect([got.ETag, got.Metadata]).toEqual([ETag, { source: 'a' }]);

      const other = await startUpload('given up');
      await other.abort();
      const late = other.put(1, Buffer.from('x'));
      await expect(late).rejects.toMatchObject({ name: 'NoSuchUpload' });
    });

    it('refuses parts that are not in the order of their numbers', async () => {
      const { put, complete } = await startUpload('parts out of order');
      const [one, two] = [
        await put(1, Buffer.alloc(5 * 1024 * 1024)),
        await put(2, Buffer.alloc(5 * 1024 * 1024)),
      ];
      await expect(complete(two, one)).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    });

    it('gives back bytes, type, metadata and tags', async () => {
      const Key = 'stream=a b/ü&<x>/1.json';
      const Body = Buffer.from('{"text":"Grüße \u{1F600}"}');
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body,
          ContentType: 'application/json',
          Metadata: { reason: 'invalid-json' },
          Tagging: 'state=new',
        }),
      );
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
      await client.send(
        new PutObjectTaggingCommand({
          Bucket,
          Key,
          Tagging: { TagSet: [{ Key: 'state', Value: 'a & b' }] },
        }),
      );
      const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key }));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }));

      expect(bytes).toEqual(Body);
      expect(got.ContentType).toBe('application/json');
      expect(got.Metadata).toEqual({ reason: 'invalid-json' });
      expect(TagSet).toEqual([{ Key: 'state', Value: 'a & b' }]);
      expect(head.ContentLength).toBe(Body.length);
      expect(head.ETag).toBe(got.ETag);
    });

    it('lets one of two writers win where the object must be new', async () => {
      const writes = ['one', 'two'].map((Body) =>
        client.send(new PutObjectCommand({ Bucket, Key: 'once', Body, IfNoneMatch: '*' })),
      );

      const outcomes = await Promise.allSettled(writes);

      const lost = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      expect(lost?.reason).toMatchObject({
        name: expect.stringMatching(/PreconditionFailed|ConditionalRequestConflict/),
      });
    });

    it('lists by prefix and delimiter, page by page', async () => {
      for (const key of ['list/a/1', 'list/a/2', 'list/b', 'list/c/1']) await put(key, key);
      const folders = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: 'list/', Delimiter: '/' }),
      );
      const keys: (string | undefined)[] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: 'list/',
            MaxKeys: 3,
            ContinuationToken: token,
          }),
        );
        keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
        token = page.NextContinuationToken;
      } while (token !== undefined);

      expect(folders.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['list/a/', 'list/c/']);
      expect(folders.Contents?.map(({ Key }) => Key)).toEqual(['list/b']);
      expect(keys).toEqual(['list/a/1', 'list/a/2', 'list/b', 'list/c/1']);
    });

    it('deletes, and names what is missing', async () => {
      await put('gone', 'x');
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));

      await expect(
        client.send(new GetObjectCommand({ Bucket, Key: 'gone' })),
      ).rejects.toBeInstanceOf(NoSuchKey);
      await expect(
        client.send(new HeadBucketCommand({ Bucket: uniqueName('absent') })),
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
    });

    it('lists its buckets', async () => {
      const { Buckets } = await client.send(new ListBucketsCommand({}));

      expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    });
  });
}

describe('the local S3', () => {
  let service: Awaited<ReturnType<typeof startS3>>;
  beforeAll(async () => {
    service = await startS3();
    await send('PUT', '/bucket');
    await send('PUT', '/bucket/key', { body: 'bytes' });
  });
  afterAll(() => service.close());

  const send = (
    method: string,
    path: string,
    options: { body?: string; headers?: Record<string, string> } = {},
  ) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const outgoing = request(
        `${service.endpoint}${path}`,
        { method, ...(options.headers && { headers: options.headers }) },
        async (incoming) => {
          let body = '';
          for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
          resolve({ status: incoming.statusCode, body });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(options.body);
    });

  const subresources = [
    ['accelerate', 'acl', 'analytics', 'cors', 'delete', 'encryption', 'inventory', 'lifecycle'],
    [
      'location',
      'logging',
      'metrics',
      'notification',
      'object-lock',
      'ownershipControls',
      'policy',
    ],
    ['policyStatus', 'publicAccessBlock', 'replication', 'requestPayment', 'uploads', 'versioning'],
    [
      'versions',
      'website',
      'attributes',
      'legal-hold',
      'restore',
      'retention',
      'select',
      'torrent',
    ],
    ['uploadId', 'partNumber', 'versionId', 'session', 'intelligent-tiering', '__proto__'],
  ].flat();

  it('refuses every sub-resource that it does not offer, by every method, and touches nothing', async () => {
    for (const subresource of subresources) {
      for (const path of ['/bucket', '/bucket/key', '/empty']) {
        if (path === '/empty') await send('PUT', path);
        // Objects can be put in parts.
        if (path === '/bucket/key' && subresource.startsWith('upload')) continue;
        for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']) {
          const { status, body } = await send(method, `${path}?${subresource}`);
          expect([method, path, subresource, status]).toEqual([method, path, subresource, 501]);
          if (method !== 'HEAD') expect(body).toContain('<Code>NotImplemented</Code>');
        }
      }
    }

    expect((await send('HEAD', '/empty')).status).toBe(200);
    expect((await send('GET', '/bucket/key')).body).toBe('bytes');
  });

  it('names errors without a namespace, so that every client finds the code', async () => {
    const { body } = await send('GET', '/bucket/none');

    expect(body).toContain('<Error><Code>NoSuchKey</Code>');
  });

  it('refuses more than ten tags, and documents that are none, at once', async () => {
    const tags = (count: number) =>
      `<Tagging><TagSet>${Array.from({ length: count }, (_, n) => `<Tag><Key>k${n}</Key><Value>v</Value></Tag>`).join('')}</TagSet></Tagging>`;
    const put = async (body: string) => (await send('PUT', '/bucket/key?tagging', { body })).status;

    expect(await put(tags(10))).toBe(200);
    const wrong = [tags(11), tags(100_000), '<Tag>'.repeat(100_000), `<${'a'.repeat(60_000)}`, ''];
    for (const body of wrong) expect(await put(body)).toBe(400);
    expect((await send('GET', '/bucket/key?tagging')).body.match(/<Tag>/g)).toHaveLength(10);
  });

  it.each(['-5\r\nhello\r\n', '5\r\nhel', 'ffffffff\r\nx', 'x\r\n', '', '5\r\nhello\r\n'])(
    'refuses the aws-chunked body %j',
    async (body) => {
      const { status } = await send('PUT', '/bucket/chunked', {
        body,
        headers: { 'content-encoding': 'aws-chunked' },
      });

      expect(status).toBe(400);
    },
  );

  it.each(['bucket.localhost', 'bucket.s3.localhost:4566', 'bucket.s3.us-east-1.localhost'])(
    'takes the bucket from the host %s',
    async (host) => {
      expect((await send('GET', '/key', { headers: { host } })).body).toBe('bytes');
    },
  );
});
