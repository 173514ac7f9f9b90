import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createBacklog } from './backlog.ts';
import { residentByProc, residentByPs, residentMb } from './memory.ts';

it('reads how much memory a process holds, and nothing of one that is not there', async () => {
  const { rss } = process.memoryUsage();

  const mine = await residentMb(process.pid);
  const none = await residentMb(2 ** 22 + 1);

  expect(mine).toBeGreaterThan((rss / 1e6) * 0.8);
  expect(mine).toBeLessThan((rss / 1e6) * 1.25);
  expect(none).toBeUndefined();
});

it.runIf(existsSync('/proc/self/status'))('reads the same from ps as from /proc', async () => {
  const [proc = 0, ps = 0] = await Promise.all([
    residentByProc(process.ppid),
    residentByPs(process.ppid),
  ]);

  expect(proc).toBeGreaterThan(0);
  expect(Math.abs(ps - proc)).toBeLessThan(0.25 * proc);
});

it('takes the age of the oldest record that is not processed for the lag', () => {
  const backlog = createBacklog();
  backlog.put(10, 1_000);
  backlog.put(5, 2_000);

  const lags = [0, 9, 10, 14, 15].map((settled) => backlog.lag(settled, 5_000));

  expect(lags).toEqual([4_000, 4_000, 3_000, 3_000, 0]);
});
