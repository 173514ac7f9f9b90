import { describe, expect, it } from 'vitest';
import type { FailuresAnswer } from '#shared/contracts/failures.ts';
import { olderAfter } from '../../../console/views/failures/use-failures.ts';

type Failure = FailuresAnswer['failures'][number];

/** Parked in the order of their numbers. */
const failure = (number: number): Failure => ({
  key: `rejected/${number}.json`,
  reason: 'invalid-json',
  message: 'the text is not valid JSON',
  parkedAt: new Date(number * 1_000).toISOString(),
  size: 1,
});
const failures = (...numbers: readonly number[]) => numbers.map(failure);

describe('olderAfter', () => {
  const older = { failures: failures(3, 2), cursor: 'c' };

  it('keeps what newer ones pushed out of the newest page', () => {
    expect(olderAfter(older, failures(6, 5, 4), failures(8, 7, 6))).toEqual({
      failures: failures(5, 4, 3, 2),
      cursor: 'c',
    });
  });

  it('leaves out what is there no more', () => {
    expect(olderAfter(older, failures(6, 5, 4), failures(6, 4))).toEqual(older);
  });

  it('begins anew where more came than a page holds', () => {
    expect(olderAfter(older, failures(6, 5, 4), failures(9, 8, 7))).toBeUndefined();
  });
});
