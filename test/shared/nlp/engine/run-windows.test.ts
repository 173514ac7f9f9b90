import { describe, expect, it } from 'vitest';
import { createSessionPool } from '#shared/nlp/engine/pool.ts';
import { runWindows, type WindowResult } from '#shared/nlp/engine/run-windows.ts';
import type { SessionPort } from '#shared/nlp/engine/session-port.ts';
import { createFakePort } from './fake-port.ts';

const windowOf = (...ids: number[]) => ({
  model: 0,
  window: { ids: Int32Array.from(ids), typeIds: new Int32Array(ids.length) },
});
const poolOf = (size: number, openPort: () => SessionPort) =>
  createSessionPool({ size, graphs: [[], []], openPort });
const options = { tokenBudget: 64, pads: [0, 0] };
const idsOf = (result: WindowResult | undefined) =>
  result?.ok ? [...(result.output.logits ?? [])] : 'failed';

describe('runWindows', () => {
  it('returns outputs in the order of the windows, without padding', async () => {
    const pool = poolOf(2, () => createFakePort({}));

    const results = await runWindows(
      pool,
      [windowOf(1, 2), windowOf(3, 4, 5), windowOf(6)],
      options,
    );

    expect(results.map(idsOf)).toEqual([[1, 2], [3, 4, 5], [6]]);
  });

  it('lets one window of a batch fail alone', async () => {
    const pool = poolOf(1, () => createFakePort({ failOn: 66 }));

    const results = await runWindows(pool, [windowOf(1), windowOf(66), windowOf(3)], options);

    expect(results.map(idsOf)).toEqual([[1], 'failed', [3]]);
  });

  it('replaces a port that is lost and lets only the window at fault fail', async () => {
    let opened = 0;
    const pool = poolOf(1, () => {
      opened += 1;
      return createFakePort({ loseOn: 66 });
    });

    const results = await runWindows(pool, [windowOf(1), windowOf(66), windowOf(3)], options);

    expect(results.map(idsOf)).toEqual([[1], 'failed', [3]]);
    expect(opened).toBeGreaterThan(1);
  });

  it('runs what a port was lost with once more on a new one', async () => {
    let opened = 0;
    const pool = poolOf(1, () => {
      opened += 1;
      return createFakePort(opened === 1 ? { loseOn: 7 } : {});
    });

    const results = await runWindows(pool, [windowOf(7)], options);

    expect(results.map(idsOf)).toEqual([[7]]);
    expect(opened).toBe(2);
  });
});

describe('createSessionPool', () => {
  it('loads a model on the second port only when work for it waits there', async () => {
    const ports: ReturnType<typeof createFakePort>[] = [];
    const pool = poolOf(2, () => {
      const port = createFakePort({});
      ports.push(port);
      return port;
    });
    await Promise.all([pool.load(0), pool.load(1)]);

    await runWindows(pool, [windowOf(1)], options);

    expect(ports.map((port) => port.loaded)).toEqual([[0], [1]]);
  });

  it('fails what waits when it is closed, and what comes after', async () => {
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const pool = poolOf(1, () => createFakePort({ ran: () => gate }));
    const pending = runWindows(pool, [windowOf(1), { ...windowOf(2), model: 1 }], options);

    const closing = pool.close();
    go();
    await closing;

    expect((await pending).map(idsOf)).toContain('failed');
    await expect(pool.load(0)).rejects.toThrow('closed');
  });
});
