import { EngineError, messageOf } from '../../errors.ts';
import type { PackedBatch } from '../onnx.ts';
import type { ModelWindow, SpecialTokens, WindowOutput } from '../types.ts';
import { packWindows, unpackOutputs } from './pack.ts';
import { planBatches } from './plan.ts';
import type { Lease, SessionPool } from './pool.ts';
import { PortLostError } from './session-port.ts';

/** A window, the model that it is for, and what it is a part of. */
export interface ModelInput {
  readonly model: number;
  readonly window: ModelWindow;
  /** Windows of one part stand and fall together: once one is at fault, the others are not run any more. */
  readonly part: object;
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
 * @param options.special special tokens by model
 * @throws {EngineError} no worker can be had that runs the models
 * @throws `options.signal.reason` as soon as the signal aborts; what waits leaves the pool's queue
 */
export async function runWindows(
  pool: SessionPool,
  inputs: readonly ModelInput[],
  options: {
    readonly tokenBudget: number;
    readonly special: readonly SpecialTokens[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<WindowResult[]> {
  const results = new Array<WindowResult>(inputs.length);
  const faults = new Map<object, unknown>();
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
  const together = (model: number, indices: readonly number[]): Promise<void> =>
    pool.use(model, call, async (lease) => {
      const windows = indices.flatMap((index) => inputs[index]?.window ?? []);
      // Packed anew for each attempt, since a port takes the arrays over.
      const run = () => lease.run(packWindows(windows, options.special[model]?.pad ?? 0));
      const output = await run().catch((error: unknown) => {
        if (error instanceof PortLostError) return run();
        throw error;
      });
      const lengths = windows.map((window) => window.ids.length);
      unpackOutputs(output, lengths).forEach((values, row) => {
        results[indices[row] ?? 0] = { ok: true, output: values };
      });
    });

  const alone = async (model: number, index: number): Promise<void> => {
    const input = inputs[index];
    if (input === undefined || markFaulty(input.part, index)) return;
    const error = await together(model, [index]).then(() => undefined, unlessIll);
    if (error === undefined) return;
    await pool.use(model, call, async (lease) => {
      if (markFaulty(input.part, index)) return;
      const result = await tryWindow(lease, input.window, options.special[model], unlessIll);
      if (!result.ok) faults.set(input.part, result.error);
      results[index] = result;
    });
  };
  const markFaulty = (part: object, index: number): boolean => {
    if (!faults.has(part)) return false;
    results[index] = { ok: false, error: faults.get(part) };
    return true;
  };

  const batches = planBatches(
    inputs.map(({ model, window }) => ({ model, length: window.ids.length })),
    { tokenBudget: options.tokenBudget, workers: pool.size },
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

async function tryWindow(
  lease: Lease,
  window: ModelWindow,
  special: SpecialTokens | undefined,
  unlessIll: (error: unknown) => unknown,
): Promise<WindowResult> {
  const pad = special?.pad ?? 0;
  const empty = emptyLike(window, special);
  let failure: unknown;
  for (let trial = 0; trial < TRIALS; trial++) {
    await showHealthy(lease, () => packWindows([empty], pad), unlessIll);
    try {
      const output = await lease.run(packWindows([window], pad));
      const [values = {}] = unpackOutputs(output, [window.ids.length]);
      return { ok: true, output: values };
    } catch (error) {
      failure = unlessIll(error);
    }
  }
  await showHealthy(lease, () => packWindows([empty], pad), unlessIll);
  return { ok: false, error: failure };
}

/** Runs what any healthy worker can, on a new worker where the first cannot. */
async function showHealthy(
  lease: Lease,
  pack: () => PackedBatch,
  unlessIll: (error: unknown) => unknown,
): Promise<void> {
  try {
    await lease.run(pack());
  } catch (error) {
    unlessIll(error);
    lease.discard();
    await lease.run(pack()).catch((cause: unknown) => {
      unlessIll(cause);
      const why = `a new worker cannot run an empty window either: ${messageOf(cause)}`;
      throw new EngineError(why, { cause });
    });
  }
}

/** A window of the same length, so of the same need of memory, with unknown tokens alone. */
function emptyLike({ ids, typeIds }: ModelWindow, special: SpecialTokens | undefined): ModelWindow {
  const empty = new Int32Array(ids.length).fill(special?.unk ?? 0);
  empty[0] = special?.cls ?? 0;
  empty[ids.length - 1] = special?.sep ?? 0;
  return { ids: empty, typeIds };
}
