import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histogram, latencyOf } from '#consumers/metrics/summarize.ts';

describe('latencyOf', () => {
  it('lies within what the rounded time allows, and is never negative', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e5), fc.nat(1e4), (arrivedAt, latency, delay) => {
        const stored = arrivedAt + latency;
        const createdAt = Math.floor(stored / 1_000) * 1_000;

        const estimate = latencyOf(createdAt, arrivedAt, stored + delay);

        expect(estimate).toBeGreaterThanOrEqual(0);
        expect(Math.abs(estimate - latency)).toBeLessThanOrEqual(500.5);
      }),
    );
  });
});

describe('histogram', () => {
  it('keeps every count within 150 values, each close to what it stands for', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e7), { minLength: 1, maxLength: 2_000 }), (all) => {
        const { values, counts } = histogram(all);

        expect(values.length).toBeLessThanOrEqual(150);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all.length);
        const sorted = all.toSorted((a, b) => a - b);
        const seen = values.flatMap((value, index) =>
          Array<number>(counts[index] ?? 0).fill(value),
        );
        sorted.forEach((value, index) => {
          expect(Math.abs((seen[index] ?? 0) - value)).toBeLessThanOrEqual(value / 4 + 1);
        });
      }),
      { numRuns: 50 },
    );
  });
});
