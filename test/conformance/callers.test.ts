import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import type { LocalService } from '#local/services/local-service.ts';
import { startS3 } from '#local/services/s3/index.ts';

/** Made before any connection is open, since it takes a while. */
const BOMB = gzipSync(Buffer.alloc(200_000_000, ' '), { level: 1 });

const starters: [string, () => Promise<LocalService>, string][] = [
  ['Kinesis', () => startKinesis(), 'Kinesis_20131202.ListStreams'],
  ['DynamoDB', () => startDynamoDb(), 'DynamoDB_20120810.ListTables'],
  ['CloudWatch', () => startCloudWatch(), 'GraniteServiceVersion20100801.DescribeAlarms'],
  ['S3', () => startS3(), ''],
];

describe.each(starters)('callers of the local %s', (name, start, target) => {
  let service: LocalService;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(() => service.close());

  const send = (
    headers: Record<string, string>,
    options: { method?: string; body?: Buffer | string } = {},
  ) =>
    new Promise<{ status: number | undefined; headers: object; body: string }>(
      (resolve, reject) => {
        const method = options.method ?? (name === 'S3' ? 'GET' : 'POST');
        const outgoing = request(
          service.endpoint,
          { method, headers: { ...(target && { 'x-amz-target': target }), ...headers } },
          async (incoming) => {
            let body = '';
            for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
            resolve({ status: incoming.statusCode, headers: incoming.headers, body });
          },
        );
        outgoing.on('error', reject);
        outgoing.end(options.body);
      },
    );

  it.each(['127.0.0.1', 'localhost:4566', '[::1]:80', 'LOCALHOST', 's3.localhost'])(
    'serves the host %s',
    async (host) => {
      expect((await send({ host })).status).toBe(200);
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1'])(
    'refuses the host %j in the form of its protocol',
    async (host) => {
      const refused = await send({ host });

      expect(refused.status).toBe(403);
      expect(refused.body).toContain('AccessDenied');
      expect(refused.body).toContain('Host');
    },
  );

  it.each<Record<string, string>>([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ])('refuses what a page of elsewhere sends: %j', async (headers) => {
    expect((await send(headers)).status).toBe(403);
  });

  it('gives no page leave to read its answers', async () => {
    const preflight = await send(
      {
        origin: 'http://localhost:3000',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-amz-target',
      },
      { method: 'OPTIONS' },
    );
    const call = await send({ origin: 'http://localhost:3000' });

    for (const { headers } of [preflight, call]) {
      expect(Object.keys(headers).filter((header) => /^access-control/i.test(header))).toEqual([]);
    }
    expect(preflight.status).toBeGreaterThanOrEqual(400);
    expect(call.status).toBe(200);
  });

  it.skipIf(name === 'S3')('does not inflate more than it takes', async () => {
    const refused = await send({ 'content-encoding': 'gzip' }, { body: BOMB });

    expect(refused.status).toBe(413);
  });

  it.skipIf(name === 'S3')('refuses input that is nested without end', async () => {
    for (const open of ['[', '{"a":']) {
      const refused = await send({}, { body: open.repeat(100_000) });

      expect(refused.status).toBe(400);
      expect(refused.body).toContain('SerializationException');
    }
  });
});
