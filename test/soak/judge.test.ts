import { describe, expect, it } from 'vitest';
import { judge, type Sample } from './judge.ts';
import { quantile, slopeOf } from './statistics.ts';

const HOUR = 3_600;

/** An hour sampled every ten seconds: `mb` and `lagMs` by seconds, with the sawtooth of a collected heap on top. */
function hour(options: {
  mb?: (at: number) => number;
  lagMs?: (at: number) => number;
  pid?: (at: number) => number;
  seconds?: number;
}): Sample[] {
  const { mb = () => 200, lagMs = () => 800, pid = () => 7, seconds = HOUR } = options;
  return Array.from({ length: seconds / 10 + 1 }, (_, index) => {
    const at = index * 10;
    const sawtooth = (index % 6) * 5;
    return {
      at,
      lagMs: lagMs(at),
      memory: [
        { process: 'stack', pid: 6, mb: 150 + sawtooth },
        { process: 'inference', pid: pid(at), mb: mb(at) + sawtooth },
      ],
    };
  });
}

describe('the rule of a soak run', () => {
  it('holds where memory rises in the warm-up alone and the lag comes and goes', () => {
    // Act
    const { failures, memory, lag } = judge(
      hour({
        mb: (at) => Math.min(500, 200 + at),
        lagMs: (at) => (at % 600 < 60 ? 9_000 : 1_000),
      }),
    );

    // Assess
    expect(failures).toEqual([]);
    expect(lag.last).toEqual({ median: 1_000, p95: 9_000, max: 9_000 });
    expect(memory.map(({ process }) => process)).toEqual(['stack', 'inference']);
    expect(Math.abs(memory[1]?.slopeMbPerHour ?? 99)).toBeLessThan(1);
    expect(memory[1]?.endMb).toBeGreaterThan(500);
  });

  it('is broken by memory that goes on growing, by the process that grows', () => {
    // Act
    const slow = judge(hour({ mb: (at) => 200 + (90 * at) / HOUR }));
    const fast = judge(hour({ mb: (at) => 200 + (120 * at) / HOUR }));

    // Assess
    expect(slow.failures).toEqual([]);
    expect(Math.abs((slow.memory[1]?.slopeMbPerHour ?? 0) - 90)).toBeLessThan(1);
    expect(fast.failures).toEqual(['inference grows: by 80 MB after the warm-up']);
  });

  it('does not judge memory where too little was seen of it after the warm-up', () => {
    // Act
    const short = judge(hour({ seconds: 440, mb: (at) => 200 + at }));
    const longEnough = judge(hour({ seconds: 460, mb: (at) => 200 + at }));

    // Assess
    expect(short).toMatchObject({ failures: [], memoryJudged: false });
    expect(longEnough).toMatchObject({ failures: [expect.any(String)], memoryJudged: true });
  });

  it('is broken by a lag that grows, even by a hundredth of the time that passes', () => {
    // Act
    const steady = judge(hour({ lagMs: (at) => 1_000 + at }));
    const growing = judge(hour({ lagMs: (at) => 1_000 + at * 10 }));

    // Assess
    expect(steady.failures).toEqual([]);
    expect(growing.failures).toEqual([
      'the lag grows: its median is 32.5 s in the last quarter, 5.5 s in the first',
    ]);
  });

  it('is broken by a process that another took the place of', () => {
    // Act
    const { failures } = judge(hour({ pid: (at) => (at < 1_800 ? 7 : 8) }));

    // Assess
    expect(failures).toEqual(['inference ended on the way: 2 processes']);
  });

  it('says nothing of a run that ended before it began', () => {
    // Act
    const { failures, memory, lag } = judge([]);

    // Assess
    expect({ failures, memory, max: lag.last.max }).toEqual({ failures: [], memory: [], max: 0 });
  });
});

describe('the statistics', () => {
  it('are those of the textbook', () => {
    const values = [15, 20, 35, 40, 50];
    const line = [1, 2, 3, 4].map((x) => ({ x, y: 3 * x + 2 }));

    expect([0.05, 0.3, 0.4, 0.5, 1].map((share) => quantile(values, share))).toEqual([
      15, 20, 20, 35, 50,
    ]);
    expect(slopeOf(line)).toBeCloseTo(3, 12);
    expect(slopeOf([{ x: 1, y: 5 }])).toBe(0);
  });
});
