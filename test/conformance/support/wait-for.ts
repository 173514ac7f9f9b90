import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until there is an answer, at most for so long; used where a service takes its time. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined | false>,
  options: { what: string; timeoutMs?: number; everyMs?: number },
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? 10_000);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${options.what}`);
    await pause(options.everyMs ?? 20);
  }
}
