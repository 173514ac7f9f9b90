import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseSpan, pastTime, shortSpan } from '#shared/cli/time-span.ts';

describe('parseSpan', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('reads %s', (text, milliseconds) => {
    expect(parseSpan(text)).toBe(milliseconds);
  });

  it.each(['2', 'h', '2 h', '-2h', '2w', '1.5h', ''])('refuses "%s"', (text) => {
    expect(parseSpan(text)).toBeUndefined();
  });
});

describe('shortSpan', () => {
  it('takes the largest unit that fits', () => {
    expect([0, 59_999, 60_000, 7_199_999, 172_800_000].map(shortSpan)).toEqual([
      '0s',
      '59s',
      '1m',
      '1h',
      '2d',
    ]);
  });
});

describe('pastTime', () => {
  it('is a time as arrival times are kept, however it is written', () => {
    expect(pastTime('2026-01-31T12:00:00+01:00')).toBe('2026-01-31T11:00:00.000Z');
  });

  it('is so long ago', () => {
    const before = Date.now();
    const hourAgo = Date.parse(pastTime('1h'));
    expect(hourAgo).toBeGreaterThanOrEqual(before - 3_600_000);
    expect(hourAgo).toBeLessThanOrEqual(Date.now() - 3_600_000);
  });

  it.each(['yesterday', '2026-01-31', '', '-1h', '999999999d'])('refuses "%s"', (text) => {
    expect(() => pastTime(text)).toThrow(InvalidArgumentError);
  });
});
