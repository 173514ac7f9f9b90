import { expect, test } from 'vitest';
import { growthOf, LINEAR } from './growth.ts';

/** Adds up a vector of so many numbers as often as it is told. */
function addUp(numbers: Float64Array, times: number) {
  let sum = 0;
  for (let round = 0; round < times; round++) for (const one of numbers) sum += one;
  return sum;
}

const make = (size: number) => new Float64Array(size).fill(0.5);

test('linear work is told from quadratic work', async () => {
  expect(await growthOf((numbers) => addUp(numbers, 5), make)).toBeLessThan(LINEAR);
  expect(await growthOf((numbers) => addUp(numbers, numbers.length / 1_000), make)).toBeGreaterThan(
    LINEAR,
  );
});
