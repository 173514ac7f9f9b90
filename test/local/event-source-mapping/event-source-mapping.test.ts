import type { KinesisStreamEvent } from 'aws-lambda';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Checkpoint, CheckpointStore } from '#local/event-source-mapping/checkpoints.ts';
import {
  type EventSourceMapping,
  startEventSourceMapping,
} from '#local/event-source-mapping/event-source-mapping.ts';
import type { InvocationRecord } from '#local/event-source-mapping/invocation-record.ts';
import type { MappingOptions } from '#local/event-source-mapping/options.ts';
import type { Invocation } from '#local/lambda/invocation.ts';
import { type MappingSettings, parseSettings } from '#shared/settings.ts';
import { createMemoryStream } from './memory-stream.ts';
import { answer, aRecord, failure, report, someRecords } from './records.ts';

const running: EventSourceMapping[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((mapping) => mapping.close({ graceMs: 100 })));
});

function memoryCheckpoints(): CheckpointStore & { kept: Map<string, Checkpoint> } {
  const kept = new Map<string, Checkpoint>();
  return {
    kept,
    load: async () => [...kept.values()],
    save: async (checkpoint) => void kept.set(checkpoint.shardId, structuredClone(checkpoint)),
  };
}

function start(
  stream: ReturnType<typeof createMemoryStream>,
  handle: (event: KinesisStreamEvent) => unknown,
  given: { settings?: Partial<MappingSettings> } & Partial<Omit<MappingOptions, 'settings'>> = {},
) {
  const batches: number[][] = [];
  const events: KinesisStreamEvent[] = [];
  const parked: { key: string; record: InvocationRecord }[] = [];
  const checkpoints = memoryCheckpoints();
  const { settings, ...options } = given;
  const mapping = startEventSourceMapping({
    source: stream.source,
    functionArn: 'arn:function',
    checkpoints,
    pollIntervalMs: 2,
    shardSyncMs: 5,
    backoff: { baseMs: 1, capMs: 4 },
    // The records of these tests arrived in 1970.
    now: () => 1_000_000 + performance.now(),
    onFailure: async (key, record) => void parked.push({ key, record }),
    invoke: async (payload) => {
      const event = payload as KinesisStreamEvent;
      events.push(event);
      batches.push(event.Records.map(({ kinesis }) => Number(kinesis.sequenceNumber) - 1_000));
      const given = await handle(event);
      return given === failure ? failure : answer(given);
    },
    ...options,
    settings: {
      ...parseSettings({}).inference.mapping,
      batchSize: 4,
      batchingWindowSeconds: 0,
      maximumRetryAttempts: 2,
      ...settings,
    },
  });
  running.push(mapping);
  return { mapping, batches, events, parked, checkpoints };
}

const untilIdle = (mapping: EventSourceMapping) =>
  vi.waitFor(() => expect(mapping.idle()).toBe(true), { timeout: 5_000, interval: 2 });

describe('a mapping', () => {
  it('delivers all records in order and keeps the checkpoint', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(10));

    const { mapping, batches, checkpoints } = start(stream, () => null);
    await untilIdle(mapping);

    expect(batches).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(checkpoints.kept.get('s')).toEqual({
      shardId: 's',
      ended: false,
      sequenceNumber: '1009',
    });
    expect(mapping.lag()).toMatchObject({ records: 0, ms: 0, shards: [{ acknowledged: 10 }] });
  });

  it('is not idle before it looked again since the time asked about', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(1));
    const { mapping } = start(stream, () => null);
    await untilIdle(mapping);

    const future = 1_000_000 + performance.now() + 50;

    expect(mapping.idle(future)).toBe(false);
    await vi.waitFor(() => expect(mapping.idle(future)).toBe(true), { interval: 2 });
  });

  it('delivers from the lowest reported record on again, and nothing before it', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(6));
    let reports = 2;

    const { mapping, batches } = start(stream, () =>
      reports-- > 0 ? report('1002', '1003') : null,
    );
    await untilIdle(mapping);

    expect(batches).toEqual([
      [0, 1, 2, 3],
      [2, 3],
      [2, 3],
      [4, 5],
    ]);
  });

  it('keeps no checkpoint before the function answered', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(2));
    let release: (value: null) => void = () => undefined;
    const held = new Promise<null>((resolve) => {
      release = resolve;
    });

    const { mapping, batches, checkpoints } = start(stream, () => held);
    await vi.waitFor(() => expect(batches).toHaveLength(1));
    expect(checkpoints.kept.size).toBe(0);
    expect(mapping.lag()).toMatchObject({ records: 2 });
    expect(mapping.lag().ms).toBeGreaterThan(900_000);
    release(null);
    await untilIdle(mapping);

    expect(checkpoints.kept.get('s')?.sequenceNumber).toBe('1001');
  });

  it('narrows a failing batch down to its poison record and parks that alone', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(8));
    const poison = (event: KinesisStreamEvent) =>
      event.Records.some((r) => r.kinesis.sequenceNumber === '1002');

    const { mapping, batches, parked } = start(stream, (event) => (poison(event) ? failure : null));
    await untilIdle(mapping);

    expect(batches).toEqual([[0, 1, 2, 3], [0, 1], [2, 3], [2], [2], [2], [3], [4, 5, 6, 7]]);
    expect(parked).toHaveLength(1);
    expect(parked[0]?.record).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', requestId: 'r-2' },
      responseContext: { functionError: 'Unhandled' },
      KinesisBatchInfo: { startSequenceNumber: '1002', endSequenceNumber: '1002', batchSize: 1 },
    });
    expect(JSON.parse(parked[0]?.record.payload ?? '').Records).toEqual([aRecord(2).event]);
    expect(parked[0]?.key.startsWith(`aws/lambda/${mapping.uuid}/s/1970/01/01/`)).toBe(true);
    expect(mapping.lag().shards[0]).toMatchObject({
      acknowledged: 7,
      parked: 1,
      checkpoint: '1007',
    });
  });

  it('passes a parked record only when the destination has it', async () => {
    const stream = createMemoryStream();
    stream.add('s', [aRecord(0)]);
    const seen: (string | undefined)[] = [];
    const { mapping, checkpoints } = start(stream, () => failure, {
      settings: { maximumRetryAttempts: 0 },
      onFailure: async () => {
        seen.push(checkpoints.kept.get('s')?.sequenceNumber);
        if (seen.length < 3) throw new Error('the bucket is away');
      },
    });
    await untilIdle(mapping);

    expect(seen).toEqual([undefined, undefined, undefined]);
    expect(checkpoints.kept.get('s')?.sequenceNumber).toBe('1000');
  });

  it('uses up no retries where the function could not be invoked', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(3));
    let refusals = 6;
    const { mapping, parked } = start(stream, () => null, {
      settings: { maximumRetryAttempts: 0 },
      invoke: async (): Promise<Invocation> => {
        refusals -= 1;
        if (refusals >= 0) throw new Error('too many requests');
        return answer(null);
      },
    });
    await untilIdle(mapping);

    expect(parked).toEqual([]);
    expect(mapping.lag().shards[0]).toMatchObject({ acknowledged: 3, parked: 0 });
  });

  it('parks what is too old before it is delivered', async () => {
    const stream = createMemoryStream();
    const now = 1_000_000 + performance.now();
    stream.add('s', [
      aRecord(0, { arrivedAt: now - 70_000 }),
      aRecord(1, { arrivedAt: now - 61_000 }),
      aRecord(2, { arrivedAt: now }),
    ]);

    const { mapping, batches, parked } = start(stream, () => null, {
      settings: { maximumRecordAgeSeconds: 60 },
    });
    await untilIdle(mapping);

    expect(batches).toEqual([[2]]);
    expect(parked.map(({ record }) => record)).toMatchObject([
      {
        requestContext: {
          condition: 'RecordAgeExceeded',
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          approximateInvokeCount: 1,
        },
        KinesisBatchInfo: { batchSize: 2 },
      },
    ]);
    expect(parked[0]?.record).not.toHaveProperty('responseContext');
  });

  it.each([
    ['the stream', -1, 50_000, [1, 2]],
    ['the mapping', 60, 90_000, [1, 2]],
    ['the stream, where that is less', 120, 50_000, [1, 2]],
    ['the mapping, where that is more than it needs', 75, 90_000, [0, 1, 2]],
  ])('has its oldest age from %s', async (_, seconds, retentionMs, delivered) => {
    const stream = createMemoryStream(retentionMs);
    const now = 1_000_000 + performance.now();
    stream.add(
      's',
      [70_000, 40_000, 0].map((age, index) => aRecord(index, { arrivedAt: now - age })),
    );

    const { mapping, batches } = start(stream, () => null, {
      settings: { maximumRecordAgeSeconds: seconds },
    });
    await untilIdle(mapping);

    expect(batches.flat()).toEqual(delivered);
  });

  it('goes on from where it was when iterators expire, and has patience with throttles', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(3));
    const named = (name: string) => Object.assign(new Error(name), { name });
    const { mapping, batches } = start(stream, () => null);
    await untilIdle(mapping);

    stream.faults.push(
      named('ExpiredIteratorException'),
      named('ProvisionedThroughputExceededException'),
    );
    stream.put('s', aRecord(3), aRecord(4));
    await vi.waitFor(() => expect(batches).toHaveLength(2));

    expect(batches).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
    expect(stream.positions).toEqual(['TRIM_HORIZON', { after: '1002' }, { after: '1002' }]);
  });

  it('begins children only when their parents are wholly processed', async () => {
    const stream = createMemoryStream();
    stream.add('parent', someRecords(3));
    const { mapping, batches, checkpoints } = start(stream, () => null, {
      settings: { batchSize: 2, startingPosition: 'TRIM_HORIZON' },
    });
    stream.add('child', [aRecord(7)], ['parent']);
    await vi.waitFor(() => expect(mapping.lag().shards[0]?.acknowledged).toBe(3));
    expect(batches.flat()).not.toContain(7);
    expect(mapping.idle()).toBe(false);

    stream.close('parent');
    await untilIdle(mapping);

    expect(batches.flat()).toEqual([0, 1, 2, 7]);
    expect(checkpoints.kept.get('parent')?.ended).toBe(true);
  });

  it('goes on after a restart with what was not settled', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(9));
    const checkpoints = memoryCheckpoints();
    const first = start(
      stream,
      (event) =>
        event.Records.some((r) => r.kinesis.sequenceNumber === '1004')
          ? new Promise(() => undefined)
          : null,
      { checkpoints },
    );
    await vi.waitFor(() => expect(first.batches).toHaveLength(2));
    await first.mapping.close({ graceMs: 0 });

    const second = start(stream, () => null, { checkpoints });
    await untilIdle(second.mapping);

    expect(second.batches).toEqual([[4, 5, 6, 7], [8]]);
  });

  it('gives a batch under way time to settle when it closes, and parks nothing that fails then', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(1));
    let finish: (value: unknown) => void = () => undefined;
    const { mapping, batches, parked, checkpoints } = start(
      stream,
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
      { settings: { maximumRetryAttempts: 0 } },
    );
    await vi.waitFor(() => expect(batches).toHaveLength(1));

    const closed = mapping.close();
    finish(failure);
    await closed;

    expect(parked).toEqual([]);
    expect(checkpoints.kept.size).toBe(0);
  });

  it('closes at once while its shards cannot be listed', async () => {
    const stream = createMemoryStream();
    let refuse: ((reason: Error) => void) | undefined;
    const listShards = () =>
      new Promise<never>((_, reject) => {
        refuse = reject;
      });
    const { mapping } = start(stream, () => null, {
      source: { ...stream.source, listShards },
      shardSyncMs: 60_000,
    });
    await vi.waitFor(() => expect(refuse).toBeDefined());
    const startedAt = performance.now();

    const closed = mapping.close({ graceMs: 30_000 });
    refuse?.(new Error('the service is away'));
    await closed;

    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('keeps the order of each key where lanes work side by side', async () => {
    const stream = createMemoryStream();
    const keys = ['a', 'b', 'c', 'd', 'e'];
    stream.add(
      's',
      Array.from({ length: 100 }, (_, i) => aRecord(i, { key: keys[i % 5] ?? '' })),
    );
    let active = 0;
    let most = 0;
    const { mapping, events } = start(
      stream,
      async () => {
        active += 1;
        most = Math.max(most, active);
        await new Promise((resolve) => setTimeout(resolve, 1));
        active -= 1;
        return null;
      },
      { settings: { parallelizationFactor: 4 } },
    );
    await untilIdle(mapping);

    const delivered = events.flatMap(({ Records }) => Records.map(({ kinesis }) => kinesis));
    expect(delivered).toHaveLength(100);
    expect(most).toBeGreaterThan(1);
    for (const key of keys) {
      const numbers = delivered
        .filter((record) => record.partitionKey === key)
        .map(({ sequenceNumber }) => Number(sequenceNumber));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  });
});

describe('a mapping that begins at LATEST', () => {
  const latest = { settings: { startingPosition: 'LATEST' as const } };
  const now = () => 1_000_000 + performance.now();
  const arriving = (...indexes: number[]) =>
    indexes.map((index) => aRecord(index, { arrivedAt: now() }));
  const named = (name: string) => Object.assign(new Error(name), { name });

  it('delivers what arrives from then on, and nothing that had arrived before', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(7));
    const { mapping, batches } = start(stream, () => null, latest);
    await untilIdle(mapping);

    stream.put('s', ...arriving(7, 8));
    await vi.waitFor(() => expect(batches).toEqual([[7, 8]]));

    expect(mapping.lag()).toMatchObject({ records: 0, shards: [{ acknowledged: 2 }] });
  });

  it.each([
    ['a read that fails', ['ProvisionedThroughputExceededException', 'InternalFailure']],
    ['an iterator that expires', ['ExpiredIteratorException', 'ExpiredIteratorException']],
    ['records that are trimmed', ['TrimmedDataAccessException']],
    ['a service that is away', ['TimeoutError', 'ECONNREFUSED', 'ECONNRESET']],
  ])('skips nothing that arrives around %s before the first record', async (_, names) => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(3));
    const { mapping, batches } = start(stream, () => null, latest);
    await untilIdle(mapping);

    stream.faults.push(...names.map(named));
    stream.put('s', ...arriving(3, 4, 5));
    await vi.waitFor(() => expect(batches.flat()).toEqual([3, 4, 5]));

    expect(stream.faults).toEqual([]);
  });

  it('skips nothing where the very first read fails', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(3));
    stream.faults.push(named('InternalFailure'), named('InternalFailure'));
    const { batches } = start(stream, () => null, latest);

    stream.put('s', ...arriving(3));

    await vi.waitFor(() => expect(batches).toEqual([[3]]));
  });

  it('skips nothing that arrives while it is stopped before its first record', async () => {
    const stream = createMemoryStream();
    stream.add('s', someRecords(3));
    const checkpoints = memoryCheckpoints();
    const first = start(stream, () => null, { ...latest, checkpoints });
    await untilIdle(first.mapping);
    await first.mapping.close();

    stream.put('s', ...arriving(3));
    stream.add('later', arriving(4));
    const second = start(stream, () => null, { ...latest, checkpoints });
    await untilIdle(second.mapping);

    expect(first.batches).toEqual([]);
    expect(second.batches.flat().sort()).toEqual([3, 4]);
  });

  it('reads the children of a shard that is split while it cannot be read from then on', async () => {
    const stream = createMemoryStream();
    stream.add('parent', someRecords(3));
    const { mapping, batches } = start(stream, () => null, latest);
    await untilIdle(mapping);

    stream.faults.push(...Array.from({ length: 4 }, () => named('InternalFailure')));
    stream.put('parent', ...arriving(3));
    stream.close('parent');
    stream.add('child', arriving(4), ['parent']);
    await vi.waitFor(() => expect(batches.flat()).toEqual([3, 4]));

    expect(mapping.lag().shards[0]).toMatchObject({ shardId: 'parent', ended: true });
  });

  it('delivers every record that arrives after it was made once, whatever fails in between', async () => {
    const faultNames = ['ExpiredIteratorException', 'InternalFailure', 'ThrottlingException'];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5 }),
        fc.array(fc.oneof(fc.constantFrom(...faultNames), fc.constant('record')), {
          maxLength: 30,
        }),
        async (before, happenings) => {
          const stream = createMemoryStream();
          stream.add('s', someRecords(before));
          const { mapping, batches } = start(stream, () => null, latest);
          let next = before;
          for (const name of happenings) {
            if (name === 'record') stream.put('s', ...arriving(next++));
            else stream.faults.push(named(name));
            if (next % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
          }
          const since = now();
          await vi.waitFor(() => expect(mapping.idle(since)).toBe(true), { interval: 1 });
          await mapping.close();
          expect(batches.flat()).toEqual(
            Array.from({ length: next - before }, (_, index) => before + index),
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});
