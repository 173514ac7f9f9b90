import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatNumber,
  formatShare,
} from '../../console/format.ts';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.256, '0.26'],
    [12.5, '12.5'],
    [1_234.4, '1,234'],
    [12_345, '12.3K'],
    [Number.NaN, '–'],
  ])('%d: %s', (value, shown) => {
    expect(formatNumber(value)).toBe(shown);
  });
});

describe('durations', () => {
  it.each([
    [740, '740 ms'],
    [1_440, '1.4 s'],
    [210_000, '3.5 min'],
    [7_560_000, '2.1 h'],
    [864_000_000, '10 days'],
  ])('%d ms: %s', (milliseconds, shown) => {
    expect(formatDuration(milliseconds)).toBe(shown);
  });

  it('say how long ago something was', () => {
    expect(formatAge(new Date(0), 90_000)).toBe('1.5 min ago');
  });
});

it('shares are percentages', () => {
  expect(formatShare(0.125)).toBe('13 %');
  expect(formatShare(1)).toBe('100 %');
});

it('bytes have units', () => {
  expect([17, 2_048, 3_145_728].map(formatBytes)).toEqual(['17 B', '2 KB', '3 MB']);
});
