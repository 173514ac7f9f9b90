import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after `ms`, or at once when `signal` fires. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal }).catch(() => undefined);
}

/** Wakes all who wait for something to change; nobody waits where all is to stop. */
export function createNotifier(stop: AbortSignal) {
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
  return {
    notify,
    /** Resolves at the next notification, and after `ms` at the latest. */
    wait: (ms: number) => sleep(ms, stop.aborted ? stop : wake.signal),
  };
}
