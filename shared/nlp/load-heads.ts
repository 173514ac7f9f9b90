import { ModelError, messageOf } from '../errors.ts';
import type { ReadyModel } from './engine/analyze.ts';
import type { ModelHead } from './engine/route.ts';
import type { WindowFilling } from './engine/run-windows.ts';
import type { ModelFolder } from './model-folder.ts';
import { oncePerKey } from './once-per-key.ts';
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

/** Tokens that consecutive windows share where neither engine nor model says. */
const USUAL_OVERLAP = 128;

/** The heads of all models, in the order of preference. */
export const headsOf = (folders: readonly ModelFolder[]): ModelHead[] =>
  folders.flatMap((folder, model) =>
    folder.heads.map(({ task, name, outputs, onRequest, languages = folder.languages }, place) => ({
      task,
      name,
      model,
      place,
      languages,
      outputs,
      onRequest,
    })),
  );

/** A model that is ready, and how its windows are filled up. */
export interface FilledModel extends ReadyModel {
  readonly filling: WindowFilling;
}

/** What reads models' tokenizers and makes their heads; models with the same vocabulary share what was read of it. */
export function createHeadLoader(
  settings: EngineSettings,
): (folder: ModelFolder) => Promise<FilledModel> {
  const once = oncePerKey<unknown, Tokenizer>();
  return async (folder) => {
    const sum = folder.files.find(({ path }) => path === 'tokenizer.json')?.sha256 ?? folder;
    const tokenizer = await once(sum, () => readTokenizer(folder));
    const model = naming(folder, () => createTextModel(folder, tokenizer, settings.overlap));
    const heads = folder.heads.map((description) => {
      const { task } = description;
      const own = { ...description.settings, ...settings.byTask[task] };
      return naming(folder, () => tasks[task].createHead(model, { ...description, settings: own }));
    });
    return { ...model, heads, filling: fillingOf(folder, tokenizer) };
  };
}

function fillingOf(
  { batching, padId }: ModelFolder,
  { special, single }: Tokenizer,
): WindowFilling {
  return {
    batching,
    pad: padId ?? special.pad,
    blank: (length) => {
      const tokens = Math.max(0, length - frameLength(single));
      return frameWindow(single, new Int32Array(tokens).fill(special.unk ?? special.pad));
    },
  };
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

async function readTokenizer(folder: ModelFolder): Promise<Tokenizer> {
  const json = await folder.readTokenizer();
  const tokenizer = naming(folder, () => createTokenizer(json));
  // What every first text needs is made now, while the model is being loaded elsewhere.
  tokenizer.encode('a');
  return tokenizer;
}

function createTextModel(
  folder: ModelFolder,
  tokenizer: Tokenizer,
  given: number | undefined,
): TextModel {
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
