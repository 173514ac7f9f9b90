import { afterEach, describe, expect, it } from 'vitest';
import { EngineError, ModelError } from '#shared/errors.ts';
import { createSessionPool, type SessionPool } from '#shared/nlp/engine/pool.ts';
import { type ModelInput, runWindows, type WindowResult } from '#shared/nlp/engine/run-windows.ts';
import { PortLostError, type SessionPort } from '#shared/nlp/engine/session-port.ts';
import { openWorkerPort } from '#shared/nlp/engine/worker-port.ts';
import { createFakePort } from './fake-port.ts';

const windowOf = (...ids: number[]): ModelInput => ({
  model: 0,
  window: { ids: Int32Array.from(ids), typeIds: new Int32Array(ids.length) },
  run: { outputs: new Set(['logits']) },
});
const PAD = 0;
const filling = {
  batching: 'any',
  pad: PAD,
  blank: (length: number) => windowOf(...Array(length).fill(1)).window,
} as const;
const options = { tokenBudget: 64, fillings: [filling, filling] };
const idsOf = (result: WindowResult | undefined) =>
  result?.ok ? [...(result.output.logits?.values ?? [])].filter((id) => id !== PAD) : 'failed';

let pool: SessionPool;
afterEach(() => pool.close());

/** A pool of ports that are opened by number, from 1. */
function poolOf(size: number, openPort: (number: number) => SessionPort) {
  let opened = 0;
  pool = createSessionPool({
    size,
    openPort: () => {
      opened += 1;
      return openPort(opened);
    },
  });
  return { pool, opened: () => opened };
}

describe('runWindows', () => {
  it('returns outputs in the order of the windows', async () => {
    poolOf(2, () => createFakePort());

    const results = await runWindows(
      pool,
      [windowOf(1, 2), windowOf(3, 4, 5), windowOf(6)],
      options,
    );

    expect(results.map(idsOf)).toEqual([[1, 2], [3, 4, 5], [6]]);
  });

  it.each(['failOn', 'loseOn'])('lets the one window fail that %s names', async (fault) => {
    const { opened } = poolOf(2, () => createFakePort({ [fault]: 66 }));

    const inputs = [windowOf(9), windowOf(66), windowOf(8), windowOf(4, 5)];
    const results = await runWindows(pool, inputs, options);

    expect(results.map(idsOf)).toEqual([[9], 'failed', [8], [4, 5]]);
    expect(opened()).toBeLessThan(12);
  });

  it('runs no more of a text that is at fault', async () => {
    const run = { outputs: new Set(['logits']) };
    let runs = 0;
    poolOf(1, () => createFakePort({ failOn: 66, ran: () => void runs++ }));
    const bad = Array.from({ length: 40 }, () => ({ ...windowOf(66, ...Array(60)), run }));

    const results = await runWindows(pool, [...bad, windowOf(9)], options);

    expect(results.map(idsOf)).toEqual([...bad.map(() => 'failed'), [9]]);
    expect(runs).toBeLessThan(50);
  });

  it('does on a new port what a port was lost with', async () => {
    const { opened } = poolOf(1, (number) => createFakePort(number < 4 ? { loseOn: 7 } : {}));

    expect((await runWindows(pool, [windowOf(7)], options)).map(idsOf)).toEqual([[7]]);
    expect(opened()).toBe(4);
  });

  it('charges no window with a worker that runs nothing any more', async () => {
    poolOf(1, (number) =>
      createFakePort({
        ran: () => {
          if (number === 1) throw new Error('the session is broken');
        },
      }),
    );

    const results = await runWindows(pool, [windowOf(9), windowOf(8)], options);

    expect(results.map(idsOf)).toEqual([[9], [8]]);
  });

  it('charges no window with memory that runs out', async () => {
    let short = true;
    poolOf(2, () =>
      createFakePort({
        ran: (_, { length }) => {
          if (short && length > 8) throw new Error('bad allocation');
        },
      }),
    );
    const large = windowOf(...Array.from({ length: 16 }, () => 9));

    const running = runWindows(pool, [large, windowOf(9)], options);
    await expect(running).rejects.toBeInstanceOf(EngineError);
    short = false;

    expect((await runWindows(pool, [windowOf(9), large], options)).map(idsOf)[0]).toEqual([9]);
  });

  it.each([
    ['die', () => new PortLostError('killed')],
    ['cannot load the model', () => new ModelError('bad allocation')],
  ])('is ill, and well again, when new workers %s', async (_, fault) => {
    let sick = false;
    const { opened } = poolOf(2, () =>
      createFakePort({
        load: () => {
          if (sick) throw fault();
        },
        ran: () => {
          if (sick) throw new PortLostError('killed');
        },
      }),
    );
    const inputs = Array.from({ length: 100 }, (_, index) => windowOf(4 + index));
    await runWindows(pool, inputs, options);
    const before = opened();

    sick = true;
    await expect(runWindows(pool, inputs, options)).rejects.toMatchObject({
      code: 'engine-failed',
      cause: { message: fault().message },
    });
    expect(opened() - before).toBeLessThan(10);
    sick = false;

    expect((await runWindows(pool, inputs, options)).every(({ ok }) => ok)).toBe(true);
  });

  it('is ill when a model does not load on the second worker', async () => {
    poolOf(2, (number) =>
      createFakePort({
        load: () => {
          if (number > 1) throw new ModelError('no memory is left');
        },
        ran: () => new Promise((resolve) => setImmediate(resolve)),
      }),
    );
    await pool.load(0, []);
    const inputs = Array.from({ length: 20 }, () => windowOf(...Array(40).fill(5)));

    await expect(runWindows(pool, inputs, options)).rejects.toBeInstanceOf(EngineError);
  });

  it('is ill when no thread can be started', async () => {
    poolOf(1, () => {
      throw new Error('no more threads');
    });

    await expect(pool.load(0, [])).rejects.toBeInstanceOf(EngineError);
    await expect(runWindows(pool, [windowOf(9)], options)).rejects.toBeInstanceOf(EngineError);
  });

  it('drops what waits when it is given up, and lets later calls by', async () => {
    const runs: number[] = [];
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    poolOf(1, () =>
      createFakePort({
        ran: (_, { ids }) => {
          runs.push(ids[0] ?? 0);
          return gate;
        },
      }),
    );
    const controller = new AbortController();
    const many = Array.from({ length: 50 }, () => windowOf(...Array(60).fill(9)));
    const given = runWindows(pool, many, { ...options, signal: controller.signal });
    const later = runWindows(pool, [windowOf(8)], options);

    controller.abort(new Error('late'));
    await expect(given).rejects.toThrow('late');
    release();

    expect((await later).map(idsOf)).toEqual([[8]]);
    expect(runs).toEqual([9, 8]);
  });

  it('survives threads that exit or run out of memory, and fails only what ends them', async () => {
    const file = new URL('./dying-worker.mjs', import.meta.url);
    poolOf(2, () => openWorkerPort(file));

    const inputs = [windowOf(9), windowOf(66), windowOf(8), windowOf(67)];
    const results = await runWindows(pool, inputs, options);

    expect(results.map(idsOf)).toEqual([[9], 'failed', [8], 'failed']);
    expect(results[1]).toMatchObject({ error: { message: /exited with code 3/ } });
    expect(results[3]).toMatchObject({ error: { message: /memory/ } });
  });
});

describe('createSessionPool', () => {
  it('loads a model on the second port only when work for it waits there', async () => {
    const ports: ReturnType<typeof createFakePort>[] = [];
    poolOf(2, () => {
      const port = createFakePort();
      ports.push(port);
      return port;
    });
    await Promise.all([pool.load(0, []), pool.load(1, [])]);

    await runWindows(pool, [windowOf(1)], options);

    expect(ports.map((port) => port.loaded)).toEqual([[0], [1]]);
  });

  it('loads a model before work of others that came later, however much of it waits', async () => {
    const order: string[] = [];
    poolOf(1, () =>
      createFakePort({
        load: (model) => void order.push(`load ${model}`),
        ran: (model) => void order.push(`run ${model}`),
      }),
    );
    await pool.load(0, []);

    const work = [windowOf(1), windowOf(2)].map((window) => runWindows(pool, [window], options));
    const loading = pool.load(1, []);
    work.push(runWindows(pool, [windowOf(3)], options));
    await Promise.all([loading, ...work]);

    expect(order).toEqual(['load 0', 'run 0', 'run 0', 'load 1', 'run 0']);
  });

  it('fails what waits when it is closed, and what comes after', async () => {
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    poolOf(1, () => createFakePort({ ran: () => gate }));
    const pending = runWindows(pool, [windowOf(1), { ...windowOf(2), model: 1 }], options);

    const closing = pool.close();
    go();
    await closing;

    await expect(pending).rejects.toBeInstanceOf(EngineError);
    await expect(pool.load(0, [])).rejects.toThrow('closed');
  });
});
