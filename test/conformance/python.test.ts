import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { endpointEnvironment } from '#local/cloud/services.ts';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import type { LocalService } from '#local/services/local-service.ts';
import { startS3 } from '#local/services/s3/index.ts';

const SCRIPT = fileURLToPath(new URL('./support/sdk_python.py', import.meta.url));
/** The newest, which speaks CBOR to CloudWatch, and the last that spoke the query protocol. */
const VERSIONS = ['boto3', 'boto3==1.35.99'];
const run = promisify(execFile);
let made: string | undefined;

/**
 * Python interpreters with boto3: those that SPANSTREAM_PYTHON names (paths, a colon between), or made here where
 * SPANSTREAM_PYTHON=venv asks for it (needs a package index), or the machine's own where it has boto3.
 */
function interpreters(): string[] {
  const wanted = process.env.SPANSTREAM_PYTHON;
  if (wanted === 'venv') {
    const folder = mkdtempSync(join(tmpdir(), 'spanstream-python-'));
    made = folder;
    return VERSIONS.map((version, index) => {
      const venv = join(folder, String(index));
      execFileSync('python3', ['-m', 'venv', venv]);
      execFileSync(join(venv, 'bin', 'pip'), ['install', '--quiet', version]);
      return join(venv, 'bin', 'python');
    });
  }
  return (wanted?.split(':') ?? ['python3']).filter((python) => {
    try {
      execFileSync(python, ['-c', 'import boto3'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

const found = interpreters();
afterAll(() => {
  if (made !== undefined) rmSync(made, { recursive: true, force: true });
});

describe.skipIf(found.length > 0)('boto3 against the local services', () => {
  it.skip('no Python with boto3 here: SPANSTREAM_PYTHON names some, or `venv` makes two', () => {});
});

describe.each(found)('boto3 against the local services: %s', (python) => {
  it('does what the documents show, in every service', async () => {
    const [kinesis, dynamodb, cloudwatch, s3] = await Promise.all([
      startKinesis(),
      startDynamoDb(),
      startCloudWatch({ intervalMs: 3_600_000 }),
      startS3(),
    ]);
    const services: LocalService[] = [kinesis, dynamodb, cloudwatch, s3];
    const { stdout } = await run(python, [SCRIPT], {
      env: {
        PATH: process.env.PATH,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_MAX_ATTEMPTS: '1',
        ...endpointEnvironment({
          kinesis: kinesis.endpoint,
          dynamodb: dynamodb.endpoint,
          cloudwatch: cloudwatch.endpoint,
          s3: s3.endpoint,
        }),
      },
    }).finally(() => Promise.all(services.map((service) => service.close())));
    const report = JSON.parse(stdout);

    expect(report.kinesis).toEqual({
      failed: 0,
      shards: [2, 1, false],
      read: ['text 0', 'text 1', 'text 2'],
      arrived: true,
      behind: 0,
      missing: ['ResourceNotFoundException', 400],
    });
    expect(report.dynamodb).toEqual({
      same: true,
      streamed: true,
      refused: ['ConditionalCheckFailedException', 400],
      missing: ['ResourceNotFoundException', 400],
    });
    expect(report.s3).toEqual({
      read: ['{}', { m: 'v' }],
      tags: [{ Key: 'k', Value: '<&>' }],
      keys: ['a b/ü.json'],
      noKey: ['NoSuchKey', 404],
      noBucket: ['NoSuchBucket', 404],
      full: ['BucketNotEmpty', 409],
      exists: ['PreconditionFailed', 412],
      notOffered: Array.from({ length: 6 }, () => ['NotImplemented', 501]),
      kept: ['python'],
    });
    expect(report.cloudwatch).toEqual({
      metrics: 302,
      alarm: ['ALARM', '<by hand>', 1.5, true],
      alarmTime: true,
      notified: ['Successfully executed action arn:aws:sns:us-east-1:000000000000:topic'],
      statistics: [[5.5, 4, 'Seconds', true]],
      p50: 1,
      values: [
        ['Plain', [4.5], true],
        ['twice', [9], true],
      ],
      order: ['InvalidParameterValue', 400],
      points: ['InvalidParameterCombination', 400],
      noAlarm: ['ResourceNotFound', 404],
    });
  });
});
