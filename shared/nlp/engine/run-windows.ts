import type { ModelWindow, WindowOutput } from '../types.ts';
import { packWindows, unpackOutputs } from './pack.ts';
import { planBatches } from './plan.ts';
import type { SessionPool } from './pool.ts';

/** A window and the model that it is for. */
export interface ModelInput {
  readonly model: number;
  readonly window: ModelWindow;
}

/** What came of one window. */
export type WindowResult =
  | { readonly ok: true; readonly output: WindowOutput }
  | { readonly ok: false; readonly error: unknown };

/**
 * Runs windows of any models in batches and returns what came of each, in their order. Windows of a
 * batch that fails are run again one by one, so that only those fail which fail by themselves.
 *
 * @param options.pads padding id by model
 */
export async function runWindows(
  pool: SessionPool,
  inputs: readonly ModelInput[],
  options: { tokenBudget: number; pads: readonly number[] },
): Promise<WindowResult[]> {
  const results = new Array<WindowResult>(inputs.length);
  const batches = planBatches(
    inputs.map(({ model, window }) => ({ model, length: window.ids.length })),
    { tokenBudget: options.tokenBudget, workers: pool.size },
  );

  const runTogether = async (model: number, indices: readonly number[]): Promise<void> => {
    const windows = indices.flatMap((index) => inputs[index]?.window ?? []);
    const pad = options.pads[model] ?? 0;
    const output = await pool.run(model, () => packWindows(windows, pad));
    const lengths = windows.map((window) => window.ids.length);
    unpackOutputs(output, lengths).forEach((values, row) => {
      const index = indices[row];
      if (index !== undefined) results[index] = { ok: true, output: values };
    });
  };
  const runAlone = (model: number, index: number): Promise<void> =>
    runTogether(model, [index]).catch((error: unknown) => {
      results[index] = { ok: false, error };
    });

  await Promise.all(
    batches.map(async ({ model, windows }) => {
      if (windows.length === 1) return runAlone(model, windows[0] ?? 0);
      try {
        await runTogether(model, windows);
      } catch {
        await Promise.all(windows.map((index) => runAlone(model, index)));
      }
    }),
  );
  return results;
}
