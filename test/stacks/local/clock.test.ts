import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Invocation } from '#local/lambda/invocation.ts';
import { startClock } from '#stacks/local/clock.ts';

const MINUTE = 60_000;
const done: Invocation = { ok: true, requestId: 'r', payload: null };

describe('startClock', () => {
  const warned: object[] = [];
  const log = { info() {}, error() {}, warn: (fields: object) => void warned.push(fields) };
  beforeEach(() => {
    warned.length = 0;
    vi.useFakeTimers({ now: 10 * MINUTE + 10_000 });
  });
  afterEach(() => void vi.useRealTimers());

  it('invokes at once, then at the times of the wall clock, until it is ended', async () => {
    const at: number[] = [];
    const stop = startClock(
      async () => {
        at.push(Date.now() / MINUTE);
        return done;
      },
      5 * MINUTE,
      log,
    );
    await vi.advanceTimersByTimeAsync(12 * MINUTE);
    stop();
    await vi.advanceTimersByTimeAsync(12 * MINUTE);

    expect(at).toEqual([10 + 1 / 6, 15, 20]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves out the times at which an invocation is under way, and goes on after one that fails', async () => {
    const answers = [
      () => new Promise<Invocation>((end) => setTimeout(end, 7 * MINUTE, done)),
      () => Promise.reject(new Error('closed')),
      async (): Promise<Invocation> => ({
        ...{ ok: false, requestId: 'r', kind: 'crash' },
        ...{ errorType: 'E', errorMessage: 'killed' },
      }),
    ];
    const at: number[] = [];
    const stop = startClock(
      () => {
        at.push(Date.now() / MINUTE);
        return answers[at.length - 1]?.() ?? Promise.resolve(done);
      },
      5 * MINUTE,
      log,
    );
    await vi.advanceTimersByTimeAsync(21 * MINUTE);
    stop();

    expect(at).toEqual([10 + 1 / 6, 20, 25, 30]);
    expect(warned).toEqual([{ why: 'closed' }, { why: 'killed' }]);
  });

  it('starts nothing more once it is ended, though an invocation ends later', async () => {
    let end = (_: Invocation) => {};
    const invoke = vi.fn(() => new Promise<Invocation>((settle) => (end = settle)));
    const stop = startClock(invoke, MINUTE, log);
    stop();
    end(done);
    await vi.advanceTimersByTimeAsync(5 * MINUTE);

    expect(invoke).toHaveBeenCalledTimes(1);
    expect(warned).toEqual([]);
  });
});
