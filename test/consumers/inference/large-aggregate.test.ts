import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPace } from '#consumers/inference/pace.ts';
import { processBatch } from '#consumers/inference/process-batch.ts';
import type { GetBatch } from '#shared/results-table/get-items.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { encodeAggregate } from '../../../fixtures/texts/encode-aggregate.ts';
import {
  createTestBucket,
  createTestDeps,
  createTestEngine,
  createTestTable,
  kinesisEvent,
  textRecord,
} from './doubles.ts';

const TIME_OUT_MS = 30_000;

const aggregate = (records: readonly string[]): Uint8Array =>
  encodeAggregate(records.map((data) => ({ partitionKey: 'k', data: Buffer.from(data) })));

/** A consumer on a clock of its own: reading a text takes `perCharacter` ms a character, parking 50 ms a record, asking 10 ms a call. */
function slowConsumer(perCharacter: number, retentionDays = 0) {
  const clock = { now: 1_760_000_000_000 };
  const seen = new Map<string, number>();
  const { engine } = createTestEngine({
    async before(requests) {
      for (const { text } of requests) {
        clock.now += text.length * perCharacter;
        seen.set(text, (seen.get(text) ?? 0) + 1);
      }
    },
  });
  const table = createTestTable();
  const parked: string[] = [];
  const bucket = createTestBucket((key) => {
    clock.now += 50;
    parked.push(key);
  });
  const now = () => clock.now;
  const getBatch: GetBatch = (keys) => {
    clock.now += 10;
    return table.getBatch(keys);
  };
  const { deps } = createTestDeps({
    engine,
    now,
    getBatch,
    writer: createResultsWriter({ putBatch: table.putBatch, now }),
    putFailure: bucket.putFailure,
    options: { storeText: true, retentionDays },
  });

  /** Delivers what is left of the blobs once, in a sandbox that knows nothing yet unless a pace is given. */
  async function deliver(blobs: readonly (Uint8Array | string)[], from = 0, pace = createPace()) {
    const end = clock.now + TIME_OUT_MS;
    const { batchItemFailures } = await processBatch(
      kinesisEvent(blobs.slice(from), 1001 + from),
      { ...deps, pace },
      () => end - clock.now,
    );
    expect(clock.now).toBeLessThan(end);
    const failed = batchItemFailures[0]?.itemIdentifier;
    return failed === undefined ? blobs.length : Number(failed) - 1001;
  }

  /** Delivers until all is done; every delivery must bring new items into the table, or objects into the bucket. */
  async function deliverAll(blobs: readonly (Uint8Array | string)[], pace = createPace) {
    let deliveries = 0;
    for (let from = 0; from < blobs.length; deliveries++) {
      const progress = () => table.inserts.length + bucket.objects.size;
      const before = progress();
      from = await deliver(blobs, from, pace());
      expect(progress()).toBeGreaterThan(before);
    }
    return deliveries;
  }

  return { table, bucket, parked, seen, deliver, deliverAll };
}

const long = (name: string) => textRecord(name, `${name} ${'Ada '.repeat(250)}`);

describe('processBatch with a large aggregate', () => {
  it('completes one that is ten times too large for an invocation, each record once', async () => {
    // Prepare: 300 s of work, of which an invocation of 30 s can do less than 27.
    const { table, seen, deliverAll } = slowConsumer(2);
    const blob = aggregate(Array.from({ length: 150 }, (_, index) => long(`r${index}`)));

    // Act
    const deliveries = await deliverAll([blob, long('after')]);

    // Assess
    expect(deliveries).toBeGreaterThanOrEqual(10);
    expect(table.inserts).toHaveLength(151);
    expect([...seen.values()]).toEqual(Array.from({ length: 151 }, () => 1));
  });

  it.each([
    ['cannot be read', () => '{'],
    ['the engine fails on', (index: number) => textRecord(`r${index}`, 'POISON')],
  ])('completes one of records that %s alone, and parks each once', async (_, recordOf) => {
    // Prepare: parking takes 50 ms a record.
    const { table, bucket, parked, deliverAll } = slowConsumer(0.01);
    const blob = aggregate(Array.from({ length: 1_200 }, (_, index) => recordOf(index)));

    // Act
    const deliveries = await deliverAll([blob]);

    // Assess
    expect(deliveries).toBeGreaterThan(1);
    expect(table.inserts).toHaveLength(1_200);
    expect(bucket.objects.size).toBe(1_200);
    expect(parked).toHaveLength(1_200);
  });

  it('neither writes nor parks again what an earlier delivery settled', async () => {
    const { deps, table, bucket, jobs } = createTestDeps();
    const puts: number[] = [];
    const writer = createResultsWriter({
      putBatch: (items, signal) => {
        puts.push(items.length);
        return table.putBatch(items, signal);
      },
    });
    const parked: string[] = [];
    const putFailure: typeof deps.putFailure = (key, object) => {
      parked.push(key);
      return bucket.putFailure(key, object);
    };
    const records = Array.from({ length: 300 }, (_, index) =>
      index % 3 === 0 ? textRecord(`r${index}`) : index % 3 === 1 ? '{' : textRecord('x', 'POISON'),
    );
    const event = kinesisEvent([aggregate(records)]);
    const deliver = () => processBatch(event, { ...deps, writer, putFailure }, () => 60_000);

    const first = await deliver();
    const after = { puts: puts.length, parked: parked.length, jobs: jobs.length };
    const second = await deliver();

    expect([first, second]).toEqual([{ batchItemFailures: [] }, { batchItemFailures: [] }]);
    expect(after.parked).toBe(200);
    expect({ puts: puts.length, parked: parked.length, jobs: jobs.length }).toEqual(after);
    expect(table.inserts).toHaveLength(300);
  });

  it('asks whether each text was rejected before, and of an aggregate at the head what is done', async () => {
    const { deps, table } = createTestDeps();
    const many = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => textRecord(`${name}${index}`));
    const keysOf = async (blobs: (Uint8Array | string)[]) => {
      const before = table.reads.length;
      await processBatch(kinesisEvent(blobs), deps, () => 60_000);
      return table.reads.slice(before).reduce((sum, keys) => sum + keys, 0);
    };

    expect(await keysOf(many('plain', 200))).toBe(200);
    expect(await keysOf(['{', '['])).toBe(0);
    expect(await keysOf(['{', aggregate(many('behind', 101))])).toBe(101);
    expect(await keysOf([aggregate(many('head', 101)), aggregate(many('next', 101))])).toBe(204);
  });

  it('goes on with one that comes back under another sequence number', async () => {
    const { table, seen, deliver } = slowConsumer(2);
    const blob = aggregate(Array.from({ length: 50 }, (_, index) => long(`r${index}`)));

    const first = await deliver([blob]);
    const done = table.inserts.length;
    await deliver(['', blob], 1);

    expect(first).toBe(0);
    expect(table.inserts.length).toBeGreaterThan(done);
    expect(new Set(seen.values())).toEqual(new Set([1]));
  });

  it.each([
    ['another source', { source: 'other' }, 0, 0],
    ['other attributes', { attributes: { a: '1' } }, 0, 0],
    ['another time of writing', { createdAt: '2026-01-01T00:00:00Z' }, 0, 0],
    ['soon to expire', {}, 10, 6],
  ])('runs again what stands in the table otherwise: %s', async (_, more, days, older) => {
    // Prepare
    const { table, bucket, seen, deliver } = slowConsumer(0.01, days);
    const records = (extra: object) =>
      aggregate(
        Array.from({ length: 101 }, (_, index) => textRecord(`r${index}`, `Ada ${index}`, extra)),
      );
    await deliver([records({})]);
    for (const item of older > 0 ? table.items() : []) {
      const expiresAt = (item.expiresAt ?? 0) - older * 86_400;
      await table.putBatch([{ ...item, expiresAt }], AbortSignal.timeout(1_000));
    }

    // Act
    await deliver([records(more)]);

    // Assess
    expect(new Set(seen.values())).toEqual(new Set([2]));
    expect(table.items().every((item) => isResult(item))).toBe(true);
    expect(table.items()[100]).toMatchObject(more);
    expect(table.inserts).toHaveLength(101);
    expect(bucket.objects.size).toBe(0);
  });

  it('completes although records share a key, and the last of them stays', async () => {
    // Prepare: the second half overwrites what the first half stored, so that deliveries need not bring new items.
    const { table, deliver } = slowConsumer(2);
    const half = (source: string) =>
      Array.from({ length: 30 }, (_, index) =>
        textRecord(`r${index}`, 'Ada '.repeat(250), { source }),
      );
    const blob = aggregate([...half('early'), ...half('late')]);

    // Act
    let deliveries = 0;
    for (let from = 0; from < 1 && deliveries < 20; deliveries++) from = await deliver([blob]);

    // Assess
    expect(deliveries).toBeGreaterThan(1);
    expect(deliveries).toBeLessThan(20);
    expect(table.items()).toHaveLength(30);
    expect(table.items().every((item) => isResult(item) && item.source === 'late')).toBe(true);
  });

  it.each([
    [
      'fails',
      () =>
        Promise.reject(
          Object.assign(new Error('denied'), {
            name: 'AccessDeniedException',
            $metadata: { httpStatusCode: 400 },
          }),
        ),
    ],
    [
      'hangs',
      (_keys: unknown, signal?: AbortSignal) =>
        new Promise<never>((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason));
        }),
    ],
  ] satisfies [string, GetBatch][])(
    'hands all of it back where the reading %s, and does it when it works',
    async (_, getBatch) => {
      const table = createTestTable();
      const now = () => 0;
      const writer = createResultsWriter({ putBatch: table.putBatch, now });
      const { deps } = createTestDeps({ getBatch, now, writer });
      const blob = aggregate(Array.from({ length: 101 }, (_, index) => textRecord(`r${index}`)));

      const deliver = (more: object = {}) =>
        processBatch(kinesisEvent([blob]), { ...deps, ...more }, () => 3_000);

      expect(await deliver()).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
      expect(table.inserts).toEqual([]);
      expect(await deliver({ getBatch: table.getBatch })).toEqual({ batchItemFailures: [] });
      expect(table.inserts).toHaveLength(101);
    },
  );

  it('settles every record once, whatever is in it, how slow the engine is and where deliveries end', async () => {
    const kind = fc.constantFrom('good', 'long', 'poison', 'json');
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 40, maxLength: 150 }),
        fc.array(kind, { maxLength: 5 }),
        fc.array(kind, { maxLength: 5 }),
        fc.double({ min: 0.2, max: 3, noNaN: true }),
        fc.boolean(),
        async (inside, ahead, behind, perCharacter, sameSandbox) => {
          const { table, bucket, deliverAll } = slowConsumer(perCharacter);
          const recordOf = (kind: string, name: string) => {
            if (kind === 'json') return '{';
            if (kind === 'poison') return textRecord(name, `POISON ${name}`);
            return textRecord(name, kind === 'long' ? `${name} ${'Ada '.repeat(600)}` : name);
          };
          const blob = aggregate(inside.map((kind, index) => recordOf(kind, `in${index}`)));
          const before = ahead.map((kind, index) => recordOf(kind, `ahead${index}`));
          const after = behind.map((kind, index) => recordOf(kind, `behind${index}`));
          const pace = createPace();

          await deliverAll([...before, blob, ...after], sameSandbox ? () => pace : createPace);

          const all = [...ahead, ...inside, ...behind];
          const rejected = all.filter((kind) => kind === 'json' || kind === 'poison').length;
          expect(table.inserts).toHaveLength(all.length);
          expect(table.inserts.filter(isResult)).toHaveLength(all.length - rejected);
          expect(bucket.objects.size).toBe(rejected);
        },
      ),
      { numRuns: 20 },
    );
  });
});
