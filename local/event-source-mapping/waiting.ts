import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after `ms`, or at once when `signal` fires. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal }).catch(() => undefined);
}

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
  /** Resolves at the next notification, after `ms` at the latest, and at once where all is to stop. */
  wait(ms: number): Promise<void>;
}

/** A notifier that wakes all who wait. */
export function createNotifier(stop: AbortSignal): Notifier {
  const next = () => {
    const controller = new AbortController();
    // There is no limit on who waits.
    setMaxListeners(0, controller.signal);
    return controller;
  };
  let wake = next();
  const notify = () => {
    wake.abort();
    wake = next();
  };
  stop.addEventListener('abort', notify, { once: true });
  return { notify, wait: (ms) => sleep(ms, stop.aborted ? stop : wake.signal) };
}
