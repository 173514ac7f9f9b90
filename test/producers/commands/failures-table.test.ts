import { describe, expect, it } from 'vitest';
import { failuresTable } from '#producers/commands/failures-table.ts';

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
