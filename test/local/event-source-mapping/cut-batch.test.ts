import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Buffered, cutBatch } from '#local/event-source-mapping/batch.ts';
import { aRecord, someRecords } from './records.ts';

const limits = { batchSize: 3, batchingWindowSeconds: 2, maximumBytes: 1_000_000 };
const read = (records: Buffered['record'][], readAt = 10_000): Buffered[] =>
  records.map((record) => ({ record, readAt }));

describe('records that wait', () => {
  it('are a batch when there are enough', () => {
    const cut = cutBatch(read(someRecords(7)), limits, { now: 10_000, ended: false });

    expect(cut).toEqual({ count: 3 });
  });

  it('wait for others until their window is over', () => {
    const buffer = read(someRecords(2));

    expect(cutBatch(buffer, limits, { now: 10_500, ended: false })).toEqual({ waitMs: 1_500 });
    expect(cutBatch(buffer, limits, { now: 12_000, ended: false })).toEqual({ count: 2 });
  });

  it('wait for nothing at the end of the shard, or without a batching window', () => {
    const buffer = read(someRecords(2));
    const hasty = { ...limits, batchingWindowSeconds: 0 };

    expect(cutBatch(buffer, limits, { now: 10_000, ended: true })).toEqual({ count: 2 });
    expect(cutBatch(buffer, hasty, { now: 10_000, ended: false })).toEqual({ count: 2 });
  });

  it('are a batch when the next one would be too many bytes; a record alone may be', () => {
    const buffer = read([0, 1, 2].map((index) => aRecord(index, { bytes: 99 })));
    const small = { ...limits, batchSize: 100 };

    const at = { now: 10_000, ended: false };
    expect(cutBatch(buffer, { ...small, maximumBytes: 200 }, at)).toEqual({ count: 2 });
    expect(cutBatch(buffer, { ...small, maximumBytes: 50 }, at)).toEqual({ count: 1 });
  });
});

it('cuts any buffer, sooner or later, into batches within the limits that hold every record once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      (sizes, batchSize) => {
        let buffer = read(sizes.map((bytes, index) => aRecord(index, { bytes })));
        const all = buffer.map(({ record }) => record);
        const cut: Buffered['record'][][] = [];
        while (buffer.length > 0) {
          const step = cutBatch(
            buffer,
            { batchSize, batchingWindowSeconds: 1, maximumBytes: 1_000 },
            { now: 11_000, ended: false },
          );
          if (!('count' in step)) throw new Error('the window is over: it must not wait');
          cut.push(buffer.slice(0, step.count).map(({ record }) => record));
          buffer = buffer.slice(step.count);
        }
        expect(cut.flat()).toEqual(all);
        for (const batch of cut) {
          const bytes = batch.reduce((sum, record) => sum + record.bytes + 1, 0);
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(batchSize);
          expect(bytes <= 1_000 || batch.length === 1).toBe(true);
        }
      },
    ),
  );
});
