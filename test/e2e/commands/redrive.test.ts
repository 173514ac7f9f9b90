import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startS3 } from '#local/services/s3/index.ts';
import type { FailureObject } from '#shared/dead-letters/object.ts';
import { clientConfig } from '#test/conformance/support/adapter.ts';
import { makeFolder } from '../support/folders.ts';
import { lastJson, runCommand, startCommand } from '../support/run-command.ts';
import { startStreams } from '../support/stream.ts';

const OBJECTS = 300;
const bucket = 'commands-failures';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let streams: Awaited<ReturnType<typeof startStreams>>;
let s3: Awaited<ReturnType<typeof startS3>>;
beforeAll(async () => {
  [folder, streams, s3] = await Promise.all([makeFolder(), startStreams(), startS3()]);
  const client = new S3Client({ ...clientConfig(s3.endpoint), forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await Promise.all(
    Array.from({ length: OBJECTS }, (_, n) =>
      client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: `rejected/text/shardId-000000000000/${n}.json`,
          Body: JSON.stringify(failure(n)),
        }),
      ),
    ),
  );
  client.destroy();
});
afterAll(async () => {
  await Promise.all([streams?.close(), s3?.close()]);
  await folder?.remove();
});

function failure(n: number): FailureObject {
  const at = '2026-01-31T12:00:00.000Z';
  return {
    version: 1,
    data: Buffer.from(JSON.stringify({ id: `r${n}`, text: 'It rained.' })).toString('base64'),
    partitionKey: `r${n}`,
    stream: 'text',
    shard: 'shardId-000000000000',
    sequenceNumber: String(n),
    arrivedAt: at,
    reason: 'inference-failed',
    message: 'the model could not run on the text',
    firstSeenAt: at,
  };
}

const command = (stream: string, ...flags: string[]) =>
  [
    'producers/commands/redrive.ts',
    ['--bucket', bucket, '--stream', stream, '--json', ...flags],
    { cwd: folder.path, env: { ...streams.environment, AWS_ENDPOINT_URL_S3: s3.endpoint } },
  ] as const;

describe('redrive', () => {
  it('ends at Ctrl-C between two groups; the next run sends the rest and nothing twice', async () => {
    // Prepare
    const stream = await streams.create();

    // Act
    const running = startCommand(...command(stream));
    await running.saying(/redrive to .*: \d+\/300 objects/);
    running.interrupt();
    const first = await running.ended;
    const second = await runCommand(...command(stream));

    // Assess
    expect(first.code).toBe(130);
    const { redriven } = lastJson(first.out) as { redriven: number };
    expect(redriven).toBeGreaterThan(0);
    expect(first.said).toMatch(
      new RegExp(`^interrupted: ${OBJECTS - redriven} objects were not touched$`, 'm'),
    );
    expect(second.code).toBe(0);
    expect(lastJson(second.out)).toMatchObject({
      found: OBJECTS,
      redriven: OBJECTS - redriven,
      skipped: redriven,
      uncertain: 0,
      failed: 0,
    });
    const ids = (await streams.records(stream)).map(({ id }) => id);
    expect(ids).toHaveLength(OBJECTS);
    expect(new Set(ids).size).toBe(OBJECTS);
  });

  it('does not work on this machine where it is told to on AWS', async () => {
    const { code, out, said } = await runCommand(...command('any', '--target', 'aws'));

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(said).toMatch(/^redrive: --target aws, but AWS_ENDPOINT_URL_KINESIS is http:.*\n$/);
  });
});
