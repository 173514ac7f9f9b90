import { setTimeout as wait } from 'node:timers/promises';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Time and chance, so that tests can own both. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` fires. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 to 1. */
  random(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await wait(ms, undefined, { signal }).catch(() => undefined);
  },
  random: Math.random,
};

/** Shortest and longest delay between attempts, milliseconds. */
export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Delay before the next attempt after `failures` failures in a row (at least 1), milliseconds: doubling, capped, the upper half at random. */
export function backoffMs(failures: number, limits: BackoffLimits, random: number): number {
  const full = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random;
}

/** Wakes whoever waits for something to change. */
export interface Notifier {
  notify(): void;
  /** Resolves at the next notification, after `ms` at the latest. */
  wait(ms: number): Promise<void>;
}

/** A notifier that wakes all who wait. */
export function createNotifier(clock: Pick<Clock, 'sleep'>): Notifier {
  const waiting = new Set<AbortController>();
  return {
    notify() {
      for (const controller of waiting) controller.abort();
      waiting.clear();
    },
    async wait(ms) {
      const controller = new AbortController();
      waiting.add(controller);
      await clock.sleep(Math.min(ms, LONGEST_TIMER_MS), controller.signal);
      waiting.delete(controller);
    },
  };
}
