import { expect, it } from 'vitest';
import { rejectionReasons } from '#shared/contracts/rejection.ts';
import { runFuzz } from './run-fuzz.ts';
import { runTimeFuzz } from './time.ts';

it('settles or answers malformed input, whatever it is', async () => {
  const report = await runFuzz({ count: 5_000, seed: 7 });

  expect(Object.keys(report.outcomes)).toEqual(
    expect.arrayContaining([
      'result',
      // No text of the fuzz is slow.
      ...rejectionReasons.filter((reason) => reason !== 'inference-timeout'),
      'http-200',
      'http-400',
      'http-413',
    ]),
  );
  expect(report.heapGrowthMb).toBeLessThan(100);
}, 120_000);

it('takes no longer for a text than its size accounts for', async () => {
  const report = await runTimeFuzz({
    // The models' own part is tried with every shape beside its code.
    only: /^(record|aggregate|producer|lines|http|settings|environment|manifest)/,
    shapes: ['quote', 'nested arrays', 'letter and marks', 'lone high surrogate', 'empty line'],
  });

  expect(report.checks).toBeGreaterThan(100);
  expect(report.beyond).toEqual([]);
}, 120_000);
