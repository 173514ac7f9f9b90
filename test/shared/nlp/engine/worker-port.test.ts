import { afterEach, describe, expect, it } from 'vitest';
import { createSessionPool, type SessionPool } from '#shared/nlp/engine/pool.ts';
import { runWindows } from '#shared/nlp/engine/run-windows.ts';
import { openWorkerPort } from '#shared/nlp/engine/worker-port.ts';

const file = new URL('./exiting-worker.mjs', import.meta.url);
const windowOf = (id: number) => ({
  model: 0,
  window: { ids: Int32Array.of(id), typeIds: Int32Array.of(0) },
});
let pool: SessionPool;
afterEach(() => pool.close());

describe('openWorkerPort', () => {
  it('survives threads that exit, and fails only what ends them', async () => {
    pool = createSessionPool({ size: 2, graphs: [[]], openPort: () => openWorkerPort(file) });

    const inputs = [windowOf(1), windowOf(66), windowOf(3)];
    const results = await runWindows(pool, inputs, { tokenBudget: 64, pads: [0] });

    expect(results.map((result) => result.ok)).toEqual([true, false, true]);
    const [failed] = results.filter((result) => !result.ok);
    expect(failed).toMatchObject({ error: { message: 'the worker thread exited with code 3' } });
  });
});
