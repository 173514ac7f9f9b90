import { EngineError, messageOf } from '../../errors.ts';
import type { ModelWindow, WindowOutput } from '../types.ts';
import { packWindows, unpackOutputs } from './pack.ts';
import { type Batching, planBatches } from './plan.ts';
import type { Lease, SessionPool } from './pool.ts';
import { PortLostError } from './session-port.ts';

/** Windows that stand and fall together: once one is at fault, the others are not run any more. */
export interface ModelRun {
  /** Names of the outputs that are read. */
  readonly outputs: ReadonlySet<string>;
}

/** A window, the model that it is for, and what it is a part of. */
export interface ModelInput {
  readonly model: number;
  readonly window: ModelWindow;
  readonly run: ModelRun;
}

/** How windows of a model become batches. */
export interface WindowFilling {
  readonly batching: Batching;
  /** Id that makes rows of a batch equally long. */
  readonly pad: number;
  /** A window of so many tokens with nothing in it. */
  blank(length: number): ModelWindow;
}

/** What came of one window. */
export type WindowResult =
  | { readonly ok: true; readonly output: WindowOutput }
  | { readonly ok: false; readonly error: unknown };

/** How often a window may fail alone, on a worker that has just shown that it is healthy, before the fault is the window's. */
const TRIALS = 2;

/**
 * Runs windows of any models in batches and returns what came of each, in their order.
 *
 * A batch that fails is run again window by window, and a window that fails alone is put on trial: on one worker, which it
 * has for itself, a window of the same length with nothing in it must run before it and after it. What fails so is at
 * fault itself; where the empty window does not run either, the engine is ill.
 *
 * @param options.fillings by model
 * @throws {EngineError} no worker can be had that runs the models
 * @throws `options.signal.reason` as soon as the signal aborts; what waits leaves the pool's queue
 */
export async function runWindows(
  pool: SessionPool,
  inputs: readonly ModelInput[],
  options: {
    readonly tokenBudget: number;
    readonly fillings: readonly WindowFilling[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<WindowResult[]> {
  const results = new Array<WindowResult>(inputs.length);
  const faults = new Map<ModelRun, unknown>();
  const call = {};
  let stopped = false;
  const stop = (reason: unknown): void => {
    stopped = true;
    pool.cancel(call, reason);
  };
  /** Passes on what is a window's own failure, as far as one can tell yet. */
  const unlessIll = (error: unknown): unknown => {
    if (stopped || error instanceof EngineError) throw error;
    return error;
  };
  /** Runs windows as one batch; packed anew each time, since a port takes the arrays over. */
  const runner = (lease: Lease, model: number, indices: readonly number[]): RunBatch => {
    const pad = options.fillings[model]?.pad ?? 0;
    const outputs = [
      ...new Set(indices.flatMap((index) => [...(inputs[index]?.run.outputs ?? [])])),
    ];
    return async (windows) =>
      unpackOutputs(await lease.run(packWindows(windows, pad, outputs)), windows.length);
  };
  const together = (model: number, indices: readonly number[]): Promise<void> =>
    pool.use(model, call, async (lease) => {
      const windows = indices.flatMap((index) => inputs[index]?.window ?? []);
      const run = runner(lease, model, indices);
      const outputs = await run(windows).catch((error: unknown) => {
        if (error instanceof PortLostError) return run(windows);
        throw error;
      });
      outputs.forEach((output, row) => {
        results[indices[row] ?? 0] = { ok: true, output };
      });
    });

  const alone = async (model: number, index: number): Promise<void> => {
    const input = inputs[index];
    if (input === undefined || markFaulty(input.run, index)) return;
    const error = await together(model, [index]).then(() => undefined, unlessIll);
    if (error === undefined) return;
    await pool.use(model, call, async (lease) => {
      if (markFaulty(input.run, index)) return;
      const { window } = input;
      const blank = options.fillings[model]?.blank(window.ids.length) ?? window;
      const run = runner(lease, model, [index]);
      const result = await tryWindow({ lease, run, window, blank, unlessIll });
      if (!result.ok) faults.set(input.run, result.error);
      results[index] = result;
    });
  };
  const markFaulty = (run: ModelRun, index: number): boolean => {
    if (!faults.has(run)) return false;
    results[index] = { ok: false, error: faults.get(run) };
    return true;
  };

  const batches = planBatches(
    inputs.map(({ model, window }) => ({ model, length: window.ids.length })),
    {
      tokenBudget: options.tokenBudget,
      workers: pool.size,
      batching: (model) => options.fillings[model]?.batching ?? 'any',
    },
  );
  const giveUp = (): void => stop(options.signal?.reason);
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.all(
      batches.map(async ({ model, windows }) => {
        if (windows.length > 1) {
          const error = await together(model, windows).then(() => undefined, unlessIll);
          if (error === undefined) return;
        }
        await Promise.all(windows.map((index) => alone(model, index)));
      }),
    );
  } catch (error) {
    // Whatever else of this call waits would end as this did.
    stop(error);
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
  return results;
}

type RunBatch = (windows: readonly ModelWindow[]) => Promise<WindowOutput[]>;

/** A window on trial, on a worker that it has for itself. */
interface Trial {
  readonly lease: Lease;
  readonly run: RunBatch;
  readonly window: ModelWindow;
  /** A window of the same length, so of the same need of memory, with nothing in it. */
  readonly blank: ModelWindow;
  readonly unlessIll: (error: unknown) => unknown;
}

async function tryWindow(trial: Trial): Promise<WindowResult> {
  let failure: unknown;
  for (let attempt = 0; attempt < TRIALS; attempt++) {
    await showHealthy(trial);
    try {
      const [output = {}] = await trial.run([trial.window]);
      return { ok: true, output };
    } catch (error) {
      failure = trial.unlessIll(error);
    }
  }
  await showHealthy(trial);
  return { ok: false, error: failure };
}

/** Runs what any healthy worker can, on a new worker where the first cannot. */
async function showHealthy({ lease, run, blank, unlessIll }: Trial): Promise<void> {
  try {
    await run([blank]);
  } catch (error) {
    unlessIll(error);
    lease.discard();
    await run([blank]).catch((cause: unknown) => {
      unlessIll(cause);
      const why = `a new worker cannot run an empty window either: ${messageOf(cause)}`;
      throw new EngineError(why, { cause });
    });
  }
}
