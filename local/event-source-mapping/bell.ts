import type { Clock } from './clock.ts';

/** Wakes whoever waits for something to change. */
export interface Bell {
  ring(): void;
  /** Resolves when the bell rings, after `ms` at the latest. */
  wait(ms: number): Promise<void>;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A bell that everybody who waits hears. */
export function createBell(clock: Clock): Bell {
  const waiting = new Set<AbortController>();
  return {
    ring() {
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
