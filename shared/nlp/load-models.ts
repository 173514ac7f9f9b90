import type { ReadyModel } from './engine/analyze.ts';
import type { SessionPool } from './engine/pool.ts';
import type { WindowFilling } from './engine/run-windows.ts';
import { checkSignature, createHeadLoader, type EngineSettings } from './load-heads.ts';
import type { ModelFolder } from './model-folder.ts';
import { oncePerKey } from './once-per-key.ts';

/** Loads models, each when it is first asked for. */
export interface ModelLoader {
  /**
   * Has a model ready; one that could not be loaded is tried again.
   *
   * @throws {ModelError} for an altered file, or a model that is not supported
   * @throws {EngineError} where no worker can be had that holds it
   */
  load(model: number): Promise<ReadyModel>;
  /** By model, of those that are ready. */
  readonly fillings: readonly WindowFilling[];
}

/** Makes a loader of models by their place among the folders. */
export function createModelLoader(
  folders: readonly ModelFolder[],
  pool: SessionPool,
  settings: EngineSettings,
): ModelLoader {
  const loadHeads = createHeadLoader(settings);
  const fillings: WindowFilling[] = [];
  const once = oncePerKey<number, ReadyModel>();
  const start = async (model: number): Promise<ReadyModel> => {
    const folder = folders[model];
    if (folder === undefined) throw new RangeError(`there is no model ${model}`);
    // The graph is begun before what keeps this thread busy.
    const parts = [pool.load(model, folder.graphs), folder.verify(), loadHeads(folder)] as const;
    // All come to an end before the load is tried again: what fails at once must not heap loads up on the workers.
    await Promise.allSettled(parts);
    const [signature, , ready] = await Promise.all(parts);
    checkSignature(folder, signature);
    fillings[model] = ready.filling;
    return ready;
  };
  return {
    fillings,
    load: (model) => once(model, () => start(model)),
  };
}
