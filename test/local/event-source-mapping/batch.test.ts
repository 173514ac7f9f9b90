import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchResponse } from '#local/event-source-mapping/batch.ts';
import { type Batch, settleBatch, splitExpired } from '#local/event-source-mapping/batch.ts';
import { someRecords } from './records.ts';

const records = someRecords(5);
const batch = (retries = 0): Batch => ({ records, retries, failures: 0 });
const failed: BatchResponse = {
  kind: 'failed',
  requestId: 'r',
  reason: 'no',
  functionError: 'Unhandled',
};
const settings = { bisectOnError: true, maximumRetryAttempts: 2 };

describe('a delivered batch', () => {
  it('is acknowledged as a whole on success', () => {
    expect(settleBatch(batch(), { kind: 'success' }, settings)).toEqual({
      acknowledged: records,
      redeliver: [],
      parked: [],
    });
  });

  it('is acknowledged up to the reported record; the rest comes again, its retries counted anew', () => {
    expect(settleBatch(batch(2), { kind: 'partial', requestId: 'r', from: 3 }, settings)).toEqual({
      acknowledged: records.slice(0, 3),
      redeliver: [{ records: records.slice(3), retries: 0, failures: 0 }],
      parked: [],
    });
  });

  it('uses up a retry where its first record is reported, and is parked when none is left', () => {
    const first: BatchResponse = { kind: 'partial', requestId: 'r', from: 0 };

    expect(settleBatch(batch(1), first, settings).redeliver).toEqual([
      { records, retries: 2, failures: 1 },
    ]);
    expect(settleBatch(batch(2), first, settings)).toEqual({
      acknowledged: [],
      redeliver: [],
      parked: records,
    });
  });

  it('is halved on an error, which uses up no retry', () => {
    const { redeliver, parked } = settleBatch(batch(2), failed, settings);

    expect(redeliver).toEqual([
      { records: records.slice(0, 3), retries: 2, failures: 1 },
      { records: records.slice(3), retries: 2, failures: 1 },
    ]);
    expect(parked).toEqual([]);
  });

  it('is tried again as it is where halving is off or it is a single record', () => {
    const whole = settleBatch(batch(), failed, { ...settings, bisectOnError: false });
    const single = { records: records.slice(0, 1), retries: 0, failures: 4 };

    expect(whole.redeliver).toEqual([{ records, retries: 1, failures: 1 }]);
    expect(settleBatch(single, failed, settings).redeliver).toEqual([
      { ...single, retries: 1, failures: 5 },
    ]);
  });

  it('is never parked for its retries where they are without limit', () => {
    const patient = { bisectOnError: false, maximumRetryAttempts: -1 };

    expect(settleBatch(batch(1_000_000), failed, patient).parked).toEqual([]);
  });
});

describe('age', () => {
  it.each([
    [4_000, 0],
    [4_001, 1],
    [6_500, 3],
    [99_999, 5],
  ])('at %i ms, with at most 4 s of it, takes %i records off the head', (now, count) => {
    const { expired, remaining } = splitExpired(batch(1), 4_000, now);

    expect(expired).toEqual(records.slice(0, count));
    expect(remaining).toEqual({ ...batch(1), records: records.slice(count) });
  });
});

describe('every record', () => {
  const outcome = fc.oneof(
    fc.constant({ kind: 'failed' as const }),
    fc.record({
      kind: fc.constant('partial' as const),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
    fc.constant({ kind: 'success' as const }),
  );

  it('is settled exactly once and in order, whatever the function answers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 4 }),
        fc.array(outcome, { maxLength: 200 }),
        (count, bisectOnError, maximumRetryAttempts, answers) => {
          const all = someRecords(count);
          const lane: Batch[] = [{ records: all, retries: 0, failures: 0 }];
          const settled: string[] = [];
          // Whatever is left when the answers run out fails for good: with limited retries even that must end.
          let deliveries = 0;
          for (let next = lane.shift(); next; next = lane.shift()) {
            const given = answers[deliveries] ?? { kind: 'failed' as const };
            deliveries += 1;
            const { length } = next.records;
            const result = settleBatch(
              next,
              given.kind === 'partial'
                ? { kind: 'partial', requestId: 'r', from: Math.floor(given.at * length) }
                : given.kind === 'success'
                  ? { kind: 'success' }
                  : failed,
              { bisectOnError, maximumRetryAttempts },
            );
            const done = [...result.acknowledged, ...result.parked];
            const again = result.redeliver.flatMap((part) => part.records);
            expect([...done, ...again]).toEqual(next.records);
            settled.push(...done.map(({ sequenceNumber }) => sequenceNumber));
            lane.unshift(...result.redeliver);
          }
          expect(settled).toEqual(all.map(({ sequenceNumber }) => sequenceNumber));
          expect(deliveries).toBeLessThan(answers.length + 1 + count * (maximumRetryAttempts + 3));
        },
      ),
    );
  });
});
