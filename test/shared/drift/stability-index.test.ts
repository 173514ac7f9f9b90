import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceOf, stabilityIndex } from '#shared/drift/stability-index.ts';

const counts = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 12 });

/** Pseudo-random numbers from 0 to 1, the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** So many texts, each in one bin, by the bins' shares. */
function drawn(shares: readonly number[], texts: number, random: () => number): number[] {
  const found = shares.map(() => 0);
  for (let left = texts; left > 0; left--) {
    let place = random();
    let bin = 0;
    for (; bin < shares.length - 1; bin++) {
      place -= shares[bin] ?? 0;
      if (place < 0) break;
    }
    found[bin] = (found[bin] ?? 0) + 1;
  }
  return found;
}

describe('stabilityIndex', () => {
  it('is what a hand computes', () => {
    // Shares of a half each against a quarter and three quarters, with half a text more in each bin:
    // (50.5/101 - 25.5/101) ln(50.5/25.5) + (50.5/101 - 75.5/101) ln(50.5/75.5) = 0.2475 (0.6833 + 0.4022).
    expect(stabilityIndex([50, 50], [25, 75])).toBeCloseTo(0.268_68, 5);
    // Of many texts (0.5 - 0.25) ln(0.5/0.25) + (0.5 - 0.75) ln(0.5/0.75) = 0.25 ln 3.
    expect(stabilityIndex([5e8, 5e8], [2.5e8, 7.5e8])).toBeCloseTo(0.25 * Math.log(3), 6);
    // A bin that was empty: (0.5/102 - 50.5/102) ln(0.5/50.5) and (100.5/102 - 50.5/102) ln(100.5/50.5), of 101 each.
    expect(stabilityIndex([100, 0], [50, 50])).toBeCloseTo(
      (50 / 101) * (Math.log(50.5 / 0.5) + Math.log(100.5 / 50.5)),
      12,
    );
  });

  it('is 0 of equal counts, never negative, and the same both ways', () => {
    fc.assert(
      fc.property(counts, counts, (one, other) => {
        const index = stabilityIndex(one, other);

        expect(stabilityIndex(one, one)).toBe(0);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeCloseTo(stabilityIndex(other, one), 9);
      }),
    );
  });

  it('adds up over the bins, in any order of them; empty ones do not count', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(500), fc.nat(500)), { minLength: 1 }), (pairs) => {
        const of = (some: readonly (readonly [number, number])[]) =>
          stabilityIndex(
            some.map(([a]) => a),
            some.map(([, b]) => b),
          );
        const filled = pairs.filter(([a, b]) => a + b > 0);
        const all = (which: 0 | 1) => filled.reduce((sum, pair) => sum + pair[which] + 0.5, 0);
        const byBin = filled.map(([a, b]) => {
          const [p, q] = [(a + 0.5) / all(0), (b + 0.5) / all(1)];
          return (p - q) * Math.log(p / q);
        });

        expect(of(pairs)).toBeCloseTo(
          byBin.reduce((sum, one) => sum + one, 0),
          9,
        );
        expect(of(pairs.toReversed())).toBeCloseTo(of(pairs), 9);
        expect(of([...pairs, [0, 0]])).toBe(of(pairs));
      }),
    );
  });
});

describe('chanceOf', () => {
  it.each([
    [[0.5, 0.5], 1_000, 300],
    [[0.4, 0.3, 0.15, 0.1, 0.05], 1_000, 1_000],
    [Array<number>(20).fill(0.05), 1_000, 400],
  ])(
    'is what the index is in the mean where nothing has changed, and how much it varies (%j)',
    (shares, n, m) => {
      const random = randomFrom(7);
      const rounds = 400;
      const indices = Array.from({ length: rounds }, () =>
        stabilityIndex(drawn(shares, n, random), drawn(shares, m, random)),
      );
      const mean = indices.reduce((sum, one) => sum + one, 0) / rounds;
      const deviation = Math.sqrt(
        indices.reduce((sum, one) => sum + (one - mean) ** 2, 0) / rounds,
      );

      const chance = chanceOf(
        shares.map((share) => share * n),
        shares.map((share) => share * m),
      );

      expect(mean / chance.mean).toBeGreaterThan(0.85);
      expect(mean / chance.mean).toBeLessThan(1.15);
      expect(deviation / chance.deviation).toBeGreaterThan(0.8);
      expect(deviation / chance.deviation).toBeLessThan(1.2);
    },
  );

  it('is nothing of one bin, and without bounds of no texts', () => {
    expect(chanceOf([100], [7])).toEqual({ mean: 0, deviation: 0 });
    expect(chanceOf([50, 50], []).deviation).toBe(Number.POSITIVE_INFINITY);
  });
});
