import type { ReadyModel } from './engine/analyze.ts';
import type { SessionPool } from './engine/pool.ts';
import type { WindowFilling } from './engine/run-windows.ts';
import { checkSignature, createHeadLoader, type EngineSettings } from './load-heads.ts';
import type { ModelFolder } from './model-folder.ts';

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
  const loading = new Map<number, Promise<ReadyModel>>();
  const start = async (model: number): Promise<ReadyModel> => {
    const folder = folders[model];
    if (folder === undefined) throw new RangeError(`there is no model ${model}`);
    // The graph is begun before what keeps this thread busy.
    const [signature, , { filling, ...ready }] = await Promise.all([
      pool.load(model, folder.graphs),
      folder.verify(),
      loadHeads(folder),
    ]);
    checkSignature(folder, signature);
    fillings[model] = filling;
    return ready;
  };
  return {
    fillings,
    load(model) {
      const known = loading.get(model);
      if (known) return known;
      const begun = start(model);
      loading.set(model, begun);
      begun.catch(() => loading.delete(model));
      return begun;
    },
  };
}
