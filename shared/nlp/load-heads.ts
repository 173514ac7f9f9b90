import { ModelError, messageOf } from '../errors.ts';
import type { LoadedHead } from './engine/route.ts';
import type { WindowFilling } from './engine/run-windows.ts';
import type { ModelFolder } from './model-folder.ts';
import type { GraphSignature } from './onnx.ts';
import type { HeadTask } from './task.ts';
import { tasks } from './tasks.ts';
import { createTokenizer } from './tokenizer/index.ts';
import type { Tokenizer } from './types.ts';
import { frameLength, frameWindow } from './windows/frame-window.ts';
import type { TextModel } from './windows/reading.ts';

/** Settings of an engine, which come before a model's own. */
export interface EngineSettings {
  readonly overlap: number | undefined;
  readonly byTask: Readonly<Partial<Record<HeadTask, Readonly<Record<string, unknown>>>>>;
}

/** Models, how their windows are filled up, and the heads of all of them, in the order of preference. */
export interface LoadedModels {
  readonly models: readonly TextModel[];
  readonly fillings: readonly WindowFilling[];
  readonly heads: readonly LoadedHead[];
}

/** Tokens that consecutive windows share where neither engine nor model says. */
const USUAL_OVERLAP = 128;

/**
 * Makes tokenizers and heads of models' folders.
 *
 * @throws {ModelError} for a tokenizer or a setting that cannot be used
 */
export function loadHeads(folders: readonly ModelFolder[], settings: EngineSettings): LoadedModels {
  const tokenizers = new Map<unknown, Tokenizer>();
  const models = folders.map((folder) =>
    naming(folder, () => createTextModel(folder, tokenizers, settings.overlap)),
  );
  const heads = folders.flatMap((folder, model) =>
    folder.heads.map((description): LoadedHead => {
      const { task, name, outputs, onRequest } = description;
      const own = { ...description.settings, ...settings.byTask[task] };
      const prepare = naming(folder, () =>
        tasks[task].createHead(models[model] as TextModel, { ...description, settings: own }),
      );
      return { task, name, model, languages: folder.languages, outputs, onRequest, prepare };
    }),
  );
  const fillings = models.map(
    ({ tokenizer: { special, single } }, model): WindowFilling => ({
      batching: folders[model]?.batching ?? 'any',
      pad: folders[model]?.padId ?? special.pad,
      blank: (length) => {
        const tokens = Math.max(0, length - frameLength(single));
        return frameWindow(single, new Int32Array(tokens).fill(special.unk ?? special.pad));
      },
    }),
  );
  return { models, fillings, heads };
}

/**
 * Compares a graph with what its heads read of it.
 *
 * @throws {ModelError} naming the output that is missing or of another form
 */
export function checkSignature(
  { directory, heads }: ModelFolder,
  { outputs }: GraphSignature,
): void {
  for (const { task, outputs: named, labels } of heads) {
    for (const name of named) {
      const shape = outputs[name];
      if (shape === undefined) {
        throw new ModelError(
          `${directory}: the graph has no output ${name}, which ${task} reads; it has ${Object.keys(outputs).join(', ')}`,
        );
      }
      const { isPerToken, isLabelled } = tasks[task];
      const wanted = [
        'texts',
        ...(isPerToken ? ['tokens'] : []),
        ...(isLabelled ? ['labels'] : []),
      ];
      if (shape.length > 0 && shape.length !== wanted.length) {
        throw new ModelError(
          `${directory}: ${task} reads an output of ${wanted.join(' x ')}, but the graph's ${name} has ${shape.length} dimensions`,
        );
      }
      const width = shape.at(-1) ?? null;
      if (isLabelled && width !== null && width !== labels.length) {
        throw new ModelError(
          `${directory}: there are ${labels.length} labels for ${task}, but the graph's ${name} has ${width} columns`,
        );
      }
    }
  }
}

function createTextModel(
  folder: ModelFolder,
  tokenizers: Map<unknown, Tokenizer>,
  given: number | undefined,
): TextModel {
  // Models with the same vocabulary share what was read of it, and encode a text once.
  const sum = folder.files.find(({ path }) => path === 'tokenizer.json')?.sha256 ?? folder;
  const tokenizer = tokenizers.get(sum) ?? createTokenizer(folder.tokenizerJson);
  tokenizers.set(sum, tokenizer);
  // What every first text needs is made now, while the models are being loaded elsewhere.
  tokenizer.encode('a');
  const capacity = folder.maximumLength - frameLength(tokenizer.single);
  const own = folder.heads.flatMap(({ settings: { overlap } }) =>
    typeof overlap === 'number' ? overlap : [],
  );
  const wanted = given ?? (own.length > 0 ? Math.max(...own) : undefined);
  if (wanted !== undefined && wanted >= capacity) {
    throw new ModelError(`overlap is ${wanted}, but a window holds ${capacity} tokens of a text`);
  }
  // A quarter of a window at most, however short the model's windows are.
  const overlap = Math.min(wanted ?? USUAL_OVERLAP, Math.floor(capacity / 4));
  return { tokenizer, maximumLength: folder.maximumLength, overlap };
}

function naming<T>({ directory }: ModelFolder, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new ModelError(`${directory}: ${messageOf(error)}`, { cause: error });
  }
}
