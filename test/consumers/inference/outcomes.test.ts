import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processBatch } from '#consumers/inference/process-batch.ts';
import { failureObjectKey } from '#shared/dead-letters/object.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import { encodeAggregate } from '../../../fixtures/texts/encode-aggregate.ts';
import { createTestDeps, kinesisEvent, silentLog, textRecord } from './doubles.ts';
import { createSimulation, type Fault } from './simulation.ts';

const TIMEOUT_MS = 120_000;
/** What of it a text alone may have: all but the time to write. */
const BUDGET_MS = 115_000;

/** What became of records, by name: `result`, or why they were parked. */
const outcomesOf = (simulation: ReturnType<typeof createSimulation>): Record<string, string[]> => {
  const outcomes: Record<string, string[]> = {};
  for (const item of simulation.table.items()) {
    const name = isResult(item)
      ? String(item.sequenceNumber)
      : item.sequenceNumber + (item.subSequenceNumber ?? '');
    outcomes[name] = [...(outcomes[name] ?? []), isResult(item) ? 'result' : item.reason];
  }
  return outcomes;
};

/** Delivers until all is done; counts how often a batch came back at its own head, which uses up a retry of the mapping. */
async function deliverAll(simulation: ReturnType<typeof createSimulation>, count: number) {
  let deliveries = 0;
  let retries = 0;
  for (let from = 0; from < count; deliveries++) {
    const next = await simulation.deliver(from);
    if (typeof next !== 'number') throw new Error(next);
    retries = next === from ? retries + 1 : 0;
    if (retries > 10) throw new Error('the mapping gives the batch up');
    from = next;
  }
  return deliveries;
}

describe('a slow record', () => {
  const slow = { text: '!?'.repeat(51_200), questions: Array(8).fill('Who?') };
  const cost = ({ text, questions = [] }: { text: string; questions?: readonly string[] }) =>
    (text.length * (1 + questions.length)) / 5;

  it.each([0, 1, 10, 20])('among twenty good ones is parked, they are not: at %i', async (at) => {
    const blobs = Array.from({ length: 21 }, (_, n) =>
      n === at ? textRecord('slow', slow.text, { questions: slow.questions }) : textRecord(`r${n}`),
    );
    const simulation = createSimulation({ blobs, timeoutMs: TIMEOUT_MS, costOf: cost });

    const deliveries = await deliverAll(simulation, blobs.length);

    const outcomes = outcomesOf(simulation);
    expect(outcomes[String(1001 + at)]).toEqual(['inference-timeout']);
    expect(
      Object.values(outcomes)
        .flat()
        .filter((fate) => fate === 'result'),
    ).toHaveLength(20);
    expect(simulation.bucket.objects.size).toBe(1);
    expect(deliveries).toBeLessThanOrEqual(3);
  });

  it('is told from an engine that does not answer at all: nothing is parked, and it is logged', async () => {
    const blobs = [textRecord('a'), textRecord('b')];
    const simulation = createSimulation({ blobs, timeoutMs: TIMEOUT_MS, costOf: () => 1e9 });

    expect(await simulation.deliver(0)).toBe('threw');
    expect(simulation.table.items()).toEqual([]);
    expect(simulation.bucket.objects.size).toBe(0);
    expect(simulation.errors).toMatchObject([{ sequenceNumber: '1001', code: 'engine-failed' }]);
  });

  it('is found whatever its size, and no other is charged, in fresh sandboxes', async () => {
    const record = fc.record({
      length: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40_000 })),
      milliseconds: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: 1, max: 300 }) },
        { weight: 2, arbitrary: fc.integer({ min: 1_000, max: 0.85 * BUDGET_MS }) },
        { weight: 1, arbitrary: fc.integer({ min: BUDGET_MS, max: 10 * BUDGET_MS }) },
        { weight: 1, arbitrary: fc.constant(1e12) },
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(59), { maxLength: 5 }),
        fc.boolean(),
        async (records, poison, together) => {
          const costs = new Map(records.map(({ milliseconds }, n) => [`${n} `, milliseconds]));
          const members = records.map(({ length }, n) =>
            poison.includes(n) ? '{' : textRecord(`r${n}`, `${n} ${'a'.repeat(length)}`),
          );
          const blobs = together
            ? [
                encodeAggregate(
                  members.map((data) => ({ partitionKey: 'k', data: Buffer.from(data) })),
                ),
              ]
            : members;
          const simulation = createSimulation({
            blobs,
            timeoutMs: TIMEOUT_MS,
            costOf: ({ text }) => costs.get(text.slice(0, text.indexOf(' ') + 1)) ?? 1,
          });
          const slowOnes = records.filter(
            ({ milliseconds }, n) => milliseconds >= BUDGET_MS && !poison.includes(n),
          ).length;
          // Those of an aggregate share its number, and the retries of a mapping: see the limits in docs.
          fc.pre(!together || slowOnes + records.filter((r) => r.milliseconds > 1_000).length < 5);

          const deliveries = await deliverAll(simulation, blobs.length);

          const items = simulation.table.items();
          for (const [n, { milliseconds }] of records.entries()) {
            const expected = poison.includes(n)
              ? 'invalid-json'
              : milliseconds >= BUDGET_MS
                ? 'inference-timeout'
                : 'result';
            const own = items.filter((item) =>
              isResult(item)
                ? item.id === `r${n}`
                : together
                  ? item.subSequenceNumber === n
                  : item.sequenceNumber === String(1001 + n),
            );
            expect(own.map((item) => (isResult(item) ? 'result' : item.reason))).toEqual([
              expected,
            ]);
          }
          const work = records.reduce((sum, r) => sum + Math.min(BUDGET_MS, r.milliseconds), 0);
          expect(deliveries).toBeLessThanOrEqual(3 + 4 * slowOnes + (4 * work) / BUDGET_MS);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('an ill engine', () => {
  it('is charged to no record, and handed back and logged behind what is done', async () => {
    let calls = 0;
    const blobs = [textRecord('a', 'a'.repeat(3_990)), textRecord('b', 'b'.repeat(3_990)), '{'];
    const simulation = createSimulation({
      blobs,
      timeoutMs: TIMEOUT_MS,
      faultAt: (call) => (call === 'engine' && ++calls === 2 ? 'fails' : 'none'),
    });

    expect(await simulation.deliver(0)).toBe(1);
    expect(await simulation.deliver(1)).toBe(3);

    expect(outcomesOf(simulation)).toEqual({
      1001: ['result'],
      1002: ['result'],
      1003: ['invalid-json'],
    });
    expect(simulation.errors).toMatchObject([{ sequenceNumber: '1002', code: 'engine-failed' }]);
  });

  it('at the head parks nothing and throws', async () => {
    const simulation = createSimulation({
      blobs: ['{', textRecord('a')],
      timeoutMs: TIMEOUT_MS,
      faultAt: (call) => (call === 'engine' ? 'fails' : 'none'),
    });

    expect(await simulation.deliver(0)).toBe('threw');
    expect(simulation.bucket.objects.size).toBe(0);
    expect(simulation.table.items()).toEqual([]);
    expect(simulation.errors).toHaveLength(1);
  });
});

describe('a record', () => {
  it('has one result or one rejection in the end, wherever sandboxes die and whatever fails', async () => {
    const faults: [Fault, number][] = [
      ['none', 12],
      ['fails', 1],
      ['refuses', 2],
      ['dies before', 1],
      ['dies after', 1],
    ];
    const fault = fc.oneof(
      ...faults.map(([name, weight]) => ({ weight, arbitrary: fc.constant(name) })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('good', 'poison', 'json', 'aggregate'), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.array(fault, { maxLength: 60 }),
        fc.array(fc.nat(12), { maxLength: 20 }),
        async (kinds, dice, again) => {
          const blobs = kinds.map((kind, n) => {
            if (kind === 'json') return '{';
            if (kind === 'poison') return textRecord(`r${n}`, 'POISON');
            if (kind === 'good') return textRecord(`r${n}`);
            const members = [textRecord(`r${n}`), '[', textRecord(`s${n}`, 'POISON')];
            return encodeAggregate(
              members.map((data) => ({ partitionKey: 'k', data: Buffer.from(data) })),
            );
          });
          const left = [...dice];
          const simulation = createSimulation({
            blobs,
            timeoutMs: 20_000,
            faultAt: () => left.shift() ?? 'none',
          });

          // A delivery may begin further back than the last one ended: checkpoints are written late, mappings made anew.
          for (
            let from = 0, deliveries = 0;
            from < blobs.length || again.length > 0;
            deliveries++
          ) {
            expect(deliveries).toBeLessThan(200);
            const back = again.pop();
            const begin = Math.min(from, back ?? from);
            const next = begin < blobs.length ? await simulation.deliver(begin) : begin;
            if (typeof next === 'number') from = next;
          }

          const items = simulation.table.items();
          const records = kinds.flatMap((kind, n) =>
            (kind === 'aggregate' ? [`r${n}`, '', `s${n}`] : [`r${n}`]).map((id, sub) => ({
              id,
              sequenceNumber: String(1001 + n),
              ...(kind === 'aggregate' && { subSequenceNumber: sub }),
            })),
          );
          for (const { id, ...place } of records) {
            const results = items.filter((item) => isResult(item) && item.id === id);
            const key = failureObjectKey({
              stream: 'text',
              shard: 'shardId-000000000000',
              ...place,
            });
            const rejections = items.filter((item) => !isResult(item) && item.failureKey === key);
            expect([results.length, rejections.length].sort()).toEqual([0, 1]);
            expect(simulation.bucket.objects.has(key)).toBe(rejections.length === 1);
            expect(rejections.every((item) => !isResult(item) && !item.pending)).toBe(true);
          }
          expect(items).toHaveLength(records.length);
          // What is counted is first inserts: nothing was put and taken back.
          expect(simulation.table.inserts).toHaveLength(records.length);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('a table that is asked in a way that never works', () => {
  it('is told of, and holds nothing up', async () => {
    const errors: object[] = [];
    const { deps, table, bucket } = createTestDeps({
      getBatch: () => Promise.reject(new TypeError('it is not a function')),
      log: { ...silentLog, error: (about: object) => void errors.push(about) },
    });
    const blobs = [textRecord('a'), textRecord('b', 'POISON')];

    const answer = await processBatch(kinesisEvent(blobs), deps, () => 60_000);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(table.items()).toHaveLength(2);
    expect(bucket.objects.size).toBe(1);
    expect(errors).toHaveLength(2);
  });
});
