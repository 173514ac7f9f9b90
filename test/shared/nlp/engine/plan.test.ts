import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBatches } from '#shared/nlp/engine/plan.ts';

const pending = fc.array(
  fc.record({ model: fc.integer({ min: 0, max: 1 }), length: fc.integer({ min: 2, max: 512 }) }),
  { maxLength: 300 },
);

describe('planBatches', () => {
  it('puts every window into one batch of its model, within the budget, the costliest first', () => {
    fc.assert(
      fc.property(pending, fc.integer({ min: 1, max: 4 }), (windows, workers) => {
        const batches = planBatches(windows, { tokenBudget: 256, workers });

        const seen = batches.flatMap((batch) => batch.windows).sort((a, b) => a - b);
        expect(seen).toEqual(windows.map((_, index) => index));
        let before = Number.POSITIVE_INFINITY;
        for (const { model, length, windows: indices } of batches) {
          const lengths = indices.map((index) => windows[index]?.length ?? 0);
          expect(length).toBe(Math.max(...lengths));
          expect(indices.every((index) => windows[index]?.model === model)).toBe(true);
          if (indices.length > 1) expect(length * indices.length).toBeLessThanOrEqual(256);
          expect(length * indices.length).toBeLessThanOrEqual(before);
          before = length * indices.length;
        }
      }),
    );
  });

  it.each([
    ['any', [[1, 3, 0, 2, 4]]],
    ['equal lengths', [[1, 3], [0, 2], [4]]],
    ['none', [[1], [3], [0], [2], [4]]],
  ] as const)('puts windows together that may run together: %s', (batching, expected) => {
    const windows = [8, 9, 8, 9, 7].map((length) => ({ model: 0, length }));

    const batches = planBatches(windows, {
      tokenBudget: 512,
      workers: 1,
      batching: () => batching,
    });

    expect(batches.map((batch) => [...batch.windows])).toEqual(expected);
  });

  it('shares little work out over the workers', () => {
    const windows = Array.from({ length: 8 }, () => ({ model: 0, length: 32 }));

    const batches = planBatches(windows, { tokenBudget: 512, workers: 2 });

    expect(batches.map((batch) => batch.windows.length)).toEqual([4, 4]);
  });
});
