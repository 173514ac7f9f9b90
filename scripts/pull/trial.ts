import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ModelError } from '#shared/errors.ts';
import { createTextEngine } from '#shared/nlp/index.ts';
import { type ModelFolder, readModelFolder } from '#shared/nlp/model-folder.ts';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';

/**
 * Judges by configuration and tokenizer alone whether a model is of a kind that can be run, before its graph is fetched.
 *
 * @throws {ModelError} naming what is not supported
 */
export async function checkKind(folder: string, graph: string): Promise<void> {
  // An empty file holds the graph's place; the real one, which may be large, is written over it.
  await mkdir(dirname(join(folder, graph)), { recursive: true });
  await writeFile(join(folder, graph), '');
  await readModelFolder(folder);
  createTokenizer(JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')));
}

/**
 * Loads a model as the pipeline would and runs it once.
 *
 * @throws {ModelError} saying why it does not run
 */
export async function tryModel(folder: string): Promise<ModelFolder> {
  const model = await readModelFolder(folder);
  const tasks = model.heads.map(({ task }) => task);
  const models = [resolve(folder)];
  const engine = await createTextEngine({ modelsDirectory: dirname(folder), models, workers: 1 });
  try {
    const text = 'Ada Lovelace lived in London.';
    const questions = ['Where did she live?'];
    const [outcome] = await engine.analyze([{ text, tasks, questions }]);
    if (!outcome?.ok) {
      throw new ModelError(`${folder} does not run: ${outcome?.error.message ?? 'no outcome'}`);
    }
    return model;
  } finally {
    await engine.close();
  }
}
