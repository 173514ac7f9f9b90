import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPoller, type Polled } from '../../../console/api/poller.ts';

describe('a poller', () => {
  let visible: boolean;
  let answers: (() => Promise<number>)[];
  let calls: number;
  let last: Polled<number>;
  const create = () =>
    createPoller<number>({
      load: () => {
        calls += 1;
        return (answers.shift() ?? (async () => calls))();
      },
      everyMs: 1_000,
      mostMs: 5_000,
      onChange: (polled) => {
        last = polled;
      },
      isVisible: () => visible,
    });
  const fails = () => Promise.reject(new Error('no'));

  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    visible = true;
    answers = [];
    calls = 0;
    last = {};
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('calls at once and then at intervals', async () => {
    const poller = create();
    poller.start();
    await vi.advanceTimersByTimeAsync(2_500);
    poller.stop();
    await vi.advanceTimersByTimeAsync(5_000);

    expect(calls).toBe(3);
    expect(last).toEqual({ value: 3, at: 2_000, nextAt: 3_000 });
  });

  it('keeps what it knew while calls fail, and calls ever more seldom', async () => {
    answers = [async () => 7, fails, fails, fails, fails, fails];
    create().start();

    await vi.advanceTimersByTimeAsync(1_000);
    expect(last).toMatchObject({ value: 7, at: 0, nextAt: 2_000 });
    expect(last.error).toBeInstanceOf(Error);
    const times: (number | undefined)[] = [];
    for (let call = 0; call < 4; call++) {
      await vi.advanceTimersToNextTimerAsync();
      times.push(last.nextAt);
    }

    // Pauses of 1, 2, 4 and then at most 5 seconds.
    expect(times).toEqual([4_000, 8_000, 13_000, 18_000]);
    await vi.advanceTimersToNextTimerAsync();
    expect(last).toEqual({ value: 7, at: 18_000, nextAt: 19_000 });
  });

  it('rests while the page is hidden, and calls as soon as it is shown', async () => {
    const poller = create();
    poller.start();
    await vi.advanceTimersByTimeAsync(100);
    visible = false;
    poller.look();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toBe(1);

    visible = true;
    poller.look();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toBe(2);
  });

  it('tells nothing of a call that was overtaken', async () => {
    answers = [() => new Promise((resolve) => setTimeout(resolve, 500, 1)), async () => 2];
    const poller = create();
    poller.start();
    poller.refresh();
    await vi.advanceTimersByTimeAsync(900);

    expect(last.value).toBe(2);
  });
});
