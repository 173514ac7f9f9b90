import { expect, it } from 'vitest';
import { backoffMs } from '#local/event-source-mapping/waiting.ts';

it('doubles up to its cap, and spreads over the upper half', () => {
  const limits = { baseMs: 100, capMs: 1_000 };

  expect([1, 2, 3, 4, 5, 5_000].map((failures) => backoffMs(failures, limits, 1))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
  expect(backoffMs(3, limits, 0)).toBe(200);
});
