import { describe, expect, it } from 'vitest';
import { failuresTable, parseSpan, shortSpan } from '#producers/commands/failures-table.ts';

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

describe('failuresTable', () => {
  it('counts by reason and state, with the youngest and the oldest', () => {
    const failure = {
      key: 'k',
      size: 1,
      parkedAt: 0,
      reason: 'too-large',
      state: 'waiting',
    } as const;

    const lines = failuresTable(
      [
        failure,
        { ...failure, parkedAt: 3_590_000, state: 'redriven' },
        { ...failure, reason: 'abandoned', state: 'uncertain' },
      ],
      3_600_000,
    );

    expect(lines.map((line) => line.split(/ +/))).toEqual([
      ['reason', 'objects', 'waiting', 'uncertain', 'redriven', 'youngest', 'oldest'],
      ['abandoned', '1', '0', '1', '0', '1h', '1h'],
      ['too-large', '2', '1', '0', '1', '10s', '1h'],
    ]);
  });
});
