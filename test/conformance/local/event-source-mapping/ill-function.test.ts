import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import { startEventSourceMapping } from '#local/event-source-mapping/event-source-mapping.ts';
import { startFunction } from '#local/lambda/lambda-function.ts';
import { parseSettings } from '#shared/settings.ts';
import { createMemoryStream } from '#test/local/event-source-mapping/memory-stream.ts';
import { aRecord } from '#test/local/event-source-mapping/records.ts';

const runtime = new URL('../lambda/functions/odd-runtime.mjs', import.meta.url);
const BACKOFF_MS = 100;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

it.each([
  ['exit-at-init', 'Runtime.ExitError: Runtime exited: exit status 3'],
  ['hang-at-init', 'Sandbox.Timedout: Init timed out after 0.30 seconds'],
  ['answer-garbage', 'the response: Invalid input: expected object, received string'],
  ['answer-another', 'Runtime.NoAnswer: '],
  ['flood-answer', 'Function.ResponseSizeTooLarge: '],
])(
  'is tried again and again, no faster than its backoff, and told of: %s',
  async (action, reason) => {
    // Prepare
    const directory = await mkdtemp(join(tmpdir(), 'spanstream-ill-'));
    closers.push(() => rm(directory, { recursive: true }));
    const stream = createMemoryStream();
    stream.add('s', [aRecord(0, { arrivedAt: Date.now() })]);
    const lambda = startFunction({
      name: 'ill',
      bundleDirectory: directory,
      bootstrap: fileURLToPath(runtime),
      environment: { ACTION: action },
      timeoutSeconds: action === 'hang-at-init' ? 0.3 : 30,
      initTimeoutSeconds: action === 'hang-at-init' ? 0.3 : 30,
      memoryMb: 128,
      maximumConcurrency: 1,
    });
    closers.push(lambda.close);
    const warned: Record<string, unknown>[] = [];
    const pauses: number[] = [];
    let endedAt = 0;
    const parked: string[] = [];

    // Act
    const mapping = startEventSourceMapping({
      source: stream.source,
      async invoke(payload) {
        if (endedAt > 0) pauses.push(Date.now() - endedAt);
        const invocation = await lambda.invoke(payload);
        endedAt = Date.now();
        return invocation;
      },
      functionArn: lambda.arn,
      settings: { ...parseSettings({}).inference.mapping, maximumRetryAttempts: -1 },
      checkpoints: fileCheckpoints(join(directory, 'checkpoints')),
      onFailure: async (key) => void parked.push(key),
      backoff: { baseMs: BACKOFF_MS, capMs: BACKOFF_MS },
      pollIntervalMs: 10,
      log: { info() {}, error() {}, warn: (fields) => void warned.push({ ...fields }) },
    });
    closers.push(mapping.close);
    await vi.waitFor(() => expect(warned.length).toBeGreaterThanOrEqual(3), { timeout: 60_000 });
    await mapping.close();

    // Assess
    for (const line of warned) expect(line.reason).toContain(reason);
    expect(mapping.lag()).toMatchObject({ records: 1, shards: [{ acknowledged: 0, parked: 0 }] });
    expect(parked).toEqual([]);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(BACKOFF_MS / 2 - 2);
  },
);
