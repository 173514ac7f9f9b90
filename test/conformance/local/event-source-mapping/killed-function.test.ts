import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import { startEventSourceMapping } from '#local/event-source-mapping/event-source-mapping.ts';
import { bundleBootstrap, bundleFunction } from '#local/lambda/bundle.ts';
import { startFunction } from '#local/lambda/lambda-function.ts';
import { parseSettings } from '#shared/settings.ts';
import { createMemoryStream } from '#test/local/event-source-mapping/memory-stream.ts';
import { aRecord } from '#test/local/event-source-mapping/records.ts';

const RECORDS = 1_000;
const KILLS = 6;
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanstream-killed-'));
  await bundleBootstrap(join(directory, 'bootstrap'));
  await bundleFunction({
    name: 'recorder',
    entries: { index: fileURLToPath(new URL('./functions/recorder.ts', import.meta.url)) },
    outdir: join(directory, 'recorder'),
  });
});
afterAll(() => rm(directory, { recursive: true }));

it('loses nothing while the processes of its function are killed again and again', async () => {
  const recordFile = join(directory, 'records');
  const stream = createMemoryStream();
  const records = Array.from({ length: RECORDS }, (_, i) => aRecord(i, { arrivedAt: Date.now() }));
  stream.add(
    'even',
    records.filter((_, index) => index % 2 === 0),
  );
  stream.add(
    'odd',
    records.filter((_, index) => index % 2 === 1),
  );
  const lambda = startFunction({
    name: 'recorder',
    bundleDirectory: join(directory, 'recorder'),
    environment: { RECORD_FILE: recordFile },
    timeoutSeconds: 15,
    memoryMb: 128,
    maximumConcurrency: 2,
  });
  const parked: string[] = [];
  const mapping = startEventSourceMapping({
    source: stream.source,
    invoke: lambda.invoke,
    functionArn: lambda.arn,
    settings: {
      ...parseSettings({}).inference.mapping,
      batchSize: 20,
      batchingWindowSeconds: 0,
      maximumRetryAttempts: KILLS,
    },
    checkpoints: fileCheckpoints(join(directory, 'checkpoints')),
    onFailure: async (key) => void parked.push(key),
    backoff: { baseMs: 5, capMs: 50 },
    pollIntervalMs: 10,
  });
  const acknowledged = () => mapping.lag().acknowledged;

  let killed = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = acknowledged();
    await vi.waitFor(() => expect(acknowledged()).toBeGreaterThan(before), {
      timeout: 10_000,
      interval: 1,
    });
    for (const pid of lambda.pids()) {
      process.kill(pid, 'SIGKILL');
      killed += 1;
    }
  }
  await vi.waitFor(() => expect(mapping.idle()).toBe(true), { timeout: 20_000 });
  await mapping.close();
  await lambda.close();

  const seen = (await readFile(recordFile, 'utf8')).trim().split('\n');
  expect(killed).toBeGreaterThanOrEqual(KILLS);
  expect(mapping.lag().shards.reduce((sum, shard) => sum + shard.failures, 0)).toBeGreaterThan(0);
  expect(parked).toEqual([]);
  expect(acknowledged()).toBe(RECORDS);
  expect(new Set(seen)).toEqual(new Set(records.map(({ sequenceNumber }) => sequenceNumber)));
});
