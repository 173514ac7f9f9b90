import { setImmediate as drained } from 'node:timers/promises';
import type { MetricsDeps } from '#consumers/metrics/publication.ts';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import { randomFrom } from '#test/chaos/random.ts';
import { createSimulation, resultOf, tableEvent } from '#test/consumers/metrics/doubles.ts';

/** What calls are taken to last, in milliseconds; each lasts from three fifths to seven fifths of it. */
const LASTS: Readonly<Record<string, number>> = { read: 5, replace: 8, write: 8, put: 30 };
const SECONDS = 20;
/** Changes of a batch: so many that their digests are moved. */
const CHANGES = 90;

/**
 * Publications a second, where so many functions always have a batch, each of so much work on a processor of its own: they take
 * turns, since only one publication may be under way. Their own code runs, on services and a clock in memory.
 */
export async function publicationsPerSecond(
  functions: number,
  processorMs: number,
): Promise<number> {
  const random = randomFrom(1);
  const sleeping: { readonly until: number; readonly wake: () => void }[] = [];
  const { deps: doubles, clock, environment } = createSimulation();
  const sleep = (milliseconds: number) =>
    new Promise<void>((wake) => sleeping.push({ until: clock.now + milliseconds, wake }));
  const sometime = (milliseconds: number) => sleep(milliseconds * (0.6 + random() * 0.8));
  const lasting = <Port extends object>(port: Port): Port =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]) => [
        name,
        async (...given: unknown[]) => {
          const half = (LASTS[name] ?? 0) / 2;
          await sometime(half);
          const answer = await call(...given);
          await sometime(half);
          return answer;
        },
      ]),
    ) as Port;

  const end = clock.now + SECONDS * 1_000;
  let [number, done, running] = [0, 0, functions];
  const runFunction = async (): Promise<void> => {
    const deps: MetricsDeps = {
      ...{ ...doubles, readBackMs: 180_000, wait: sleep },
      store: lasting(doubles.store),
      digests: lasting(environment().digests),
      profiles: lasting(doubles.profiles),
      service: lasting(doubles.service),
    };
    while (clock.now < end) {
      await sometime(processorMs);
      const createdAt = Math.floor((clock.now - Date.UTC(2026, 0, 1)) / 1_000);
      const batch = Array.from({ length: CHANGES }, () => {
        number += 1;
        return { item: resultOf(1), sequenceNumber: String(number), createdAt };
      });
      await publishChanges(tableEvent(batch), deps, () => 60_000);
      done += 1;
    }
    running -= 1;
  };
  const all = Promise.all(Array.from({ length: functions }, runFunction));
  while (running > 0) {
    await drained();
    // Nobody wakes before all that can be done at this moment is done.
    await drained();
    sleeping.sort((a, b) => a.until - b.until);
    const next = sleeping.shift();
    if (!next) continue;
    clock.now = next.until;
    next.wake();
  }
  await all;
  return done / SECONDS;
}
