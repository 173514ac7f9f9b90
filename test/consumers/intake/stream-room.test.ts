import { describe, expect, it } from 'vitest';
import { createStreamRoom, shareOfRate } from '#consumers/intake/stream-room.ts';

describe('shareOfRate', () => {
  it.each([
    [0, 1],
    [50, 1],
    [75, 0.5],
    [100, 0],
    [1_000, 0],
  ])('of an age of %d with the limit 100 is %d', (age, share) => {
    expect(shareOfRate(age, 100)).toBe(share);
  });
});

describe('the room of a stream', () => {
  /** Waits of a room whose iterator age is what the clock makes of it. */
  function roomWith(iteratorAge: (now: number) => number | undefined) {
    let clock = 0;
    const warnings: unknown[] = [];
    const room = createStreamRoom({
      iteratorAge: async () => iteratorAge(clock),
      ...{ limitMs: 100_000, ratePerSecond: 1_000 },
      log: { debug() {}, info() {}, warn: (about: unknown) => warnings.push(about), error() {} },
      now: () => clock,
      wait: async (milliseconds) => {
        clock += milliseconds;
      },
    });
    return { room, warnings, clock: () => clock };
  }
  const always = async () => true;

  it('is there at once where no record waits long, or nothing is known', async () => {
    for (const age of [undefined, 0, 50_000]) {
      const { room, clock } = roomWith(() => age);
      expect(await room.waitFor(2_000, always)).toBe(true);
      expect(clock()).toBe(0);
    }
  });

  it('takes as long more as the rate is less', async () => {
    const { room, clock } = roomWith(() => 75_000);
    expect(await room.waitFor(2_000, always)).toBe(true);
    // Half the rate: two seconds at the full one, and two more.
    expect(clock()).toBe(2_000);
  });

  it('is not there above the limit, and is when the age has gone down', async () => {
    const { room, clock } = roomWith((now) => (now < 60_000 ? 100_000 : 0));
    expect(await room.waitFor(1, always)).toBe(true);
    expect(clock()).toBeGreaterThanOrEqual(60_000);
    expect(clock()).toBeLessThan(80_000);
  });

  it('is not waited for any longer than there is time', async () => {
    const { room, clock } = roomWith(() => 100_000);
    expect(await room.waitFor(1, async () => clock() < 5_000)).toBe(false);
    expect(clock()).toBe(5_000);
  });

  it('goes by the last age that could be read', async () => {
    const { room, warnings, clock } = roomWith((now) => {
      if (now === 0) return 100_000;
      throw new Error('throttled');
    });
    expect(await room.waitFor(1, async () => clock() < 40_000)).toBe(false);
    expect(warnings.length).toBeGreaterThan(0);
  });
});
