import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenWindows } from '#shared/nlp/windows/token-windows.ts';

const cases = fc
  .record({
    count: fc.nat(3_000),
    capacity: fc.integer({ min: 1, max: 510 }),
    share: fc.double({ min: 0, max: 0.99, noNaN: true }),
  })
  .map(({ count, capacity, share }) => ({
    count,
    capacity,
    overlap: Math.floor((capacity - 1) * share),
  }));

describe('tokenWindows', () => {
  it('gives every token to exactly one window, in order', () => {
    fc.assert(
      fc.property(cases, ({ count, capacity, overlap }) => {
        const windows = tokenWindows(count, capacity, overlap);

        let next = 0;
        for (const { from, to, owns } of windows) {
          const fits = to - from <= capacity && from <= owns.from && owns.to <= to;
          if (!fits || owns.from !== next) expect.fail(`token ${next} of ${count}`);
          next = owns.to;
        }
        expect(next).toBe(count);
      }),
    );
  });

  it('gives a token to the window where it lies farthest from a cut', () => {
    fc.assert(
      fc.property(cases, ({ count, capacity, overlap }) => {
        const windows = tokenWindows(count, capacity, overlap);
        const margin = (token: number, index: number): number => {
          const { from, to } = windows[index] ?? { from: 0, to: 0 };
          if (token < from || token >= to) return -1;
          const before = index === 0 ? Number.POSITIVE_INFINITY : token - from;
          const after = index === windows.length - 1 ? Number.POSITIVE_INFINITY : to - 1 - token;
          return Math.min(before, after);
        };

        const worse = windows.flatMap(({ owns }, index) =>
          Array.from({ length: owns.to - owns.from }, (_, place) => owns.from + place).filter(
            (token) =>
              margin(token, index) < Math.max(margin(token, index - 1), margin(token, index + 1)),
          ),
        );
        expect(worse).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses windows that could not advance', () => {
    expect(() => tokenWindows(10, 4, 4)).toThrow(RangeError);
  });
});
