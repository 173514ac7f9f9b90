import { expect, test } from 'vitest';
import { calibrationLines, calibrationOf } from '../../../scripts/evaluation/calibration.ts';

const judged = (score: number, right: number, wrong: number) =>
  Array.from({ length: right + wrong }, (_, i) => ({ score, isRight: i < right }));

test('scores that are right as often as they say have no error', () => {
  const { bins, error } = calibrationOf([...judged(0.9, 9, 1), ...judged(0.25, 1, 3)]);

  expect(error).toBeCloseTo(0, 12);
  expect(bins.map(({ from, to, given, right }) => [from, to, given, right])).toEqual([
    [0.2, 0.3, 4, 0.25],
    [0.9, 1, 10, 0.9],
  ]);
});

test('the error is the mean distance, each bin weighted by what it holds', () => {
  const { bins, error } = calibrationOf([
    ...judged(1, 3, 1),
    ...judged(0.5, 0, 4),
    ...judged(0, 0, 2),
  ]);

  expect(error).toBeCloseTo((4 * 0.25 + 4 * 0.5) / 10, 12);
  expect(bins.map(({ score }) => score)).toEqual([0, 0.5, 1]);
});

test('nothing given has no curve', () => {
  const empty = calibrationOf([]);

  expect(empty).toEqual({ bins: [], error: 0 });
  expect(calibrationLines(empty).at(-1)).toBe('expected calibration error 0.0000');
});
