import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { downloadFile, listFiles, modelInfo } from '@huggingface/hub';
import { ModelError, messageOf } from '#shared/errors.ts';
import { sumFile } from '#shared/nlp/file-sums.ts';
import { type ManifestModel, manifestModelSchema, readManifest } from '#shared/nlp/manifest.ts';
import { readModelFolder } from '#shared/nlp/model-folder.ts';

const needed = ['config.json', 'tokenizer.json'];
const optional = ['tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt', 'README.md'];
/** Best first; one is enough. */
const graphs = ['onnx/model_quantized.onnx', 'onnx/model.onnx', 'model.onnx'];

/**
 * Fetches a model at one commit of the Hugging Face Hub into its own folder and adds it to the manifest.
 *
 * @throws {ModelError} when the Hub cannot be reached, or the model is of no kind that can be run
 */
export async function pullModel(options: {
  readonly name: string;
  readonly revision: string;
  readonly modelsDirectory: string;
}): Promise<ManifestModel> {
  const { name, modelsDirectory } = options;
  const info = await asked(name, () =>
    modelInfo({ name, revision: options.revision, additionalFields: ['sha', 'cardData'] }),
  );
  const revision = info.sha;
  const folderName = name.slice(name.indexOf('/') + 1);
  const target = join(modelsDirectory, folderName);
  const partial = `${target}.partial`;
  try {
    const paths = await asked(name, () => pathsOf(name, revision));
    for (const path of paths) {
      await asked(name, () => fetchFile(name, revision, path, join(partial, path)));
    }
    const folder = await readModelFolder(partial);
    const files = await Promise.all(
      paths.map(async (path) => ({ path, ...(await sumFile(join(partial, path))) })),
    );
    const entry = manifestModelSchema.parse({
      name: folderName,
      task: folder.task,
      revision,
      source: `https://huggingface.co/${name}`,
      licence: String(info.cardData?.license ?? 'unknown'),
      maximumLength: folder.maximumLength,
      ...(folder.labels.length > 0 && { labels: folder.labels }),
      files,
    });
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
    await addToManifest(modelsDirectory, entry);
    return entry;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function asked<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const reason =
      error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
    throw new ModelError(`${name} cannot be fetched from the Hugging Face Hub: ${reason}`, {
      cause: error,
    });
  }
}

async function pathsOf(name: string, revision: string): Promise<string[]> {
  const present = new Set<string>();
  const files = listFiles({ repo: { type: 'model', name }, revision, recursive: true });
  for await (const file of files) if (file.type === 'file') present.add(file.path);
  const missing = needed.find((path) => !present.has(path));
  if (missing) throw new ModelError(`${name} has no ${missing} at ${revision}`);
  const graph = graphs.find((path) => present.has(path));
  if (graph === undefined) throw new ModelError(`${name} has none of ${graphs.join(', ')}`);
  const data = [`${graph}_data`, `${graph}.data`];
  return [...needed, graph, ...[...optional, ...data].filter((path) => present.has(path))];
}

async function fetchFile(
  name: string,
  revision: string,
  path: string,
  target: string,
): Promise<void> {
  const blob = await downloadFile({ repo: { type: 'model', name }, revision, path });
  if (blob === null) throw new ModelError(`${name} has no ${path} at ${revision}`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, blob.stream());
}

async function addToManifest(modelsDirectory: string, entry: ManifestModel): Promise<void> {
  const manifest = (await readManifest(modelsDirectory)) ?? { version: 1, models: [] };
  const others = manifest.models.filter((model) => model.name !== entry.name);
  const path = join(modelsDirectory, 'manifest.json');
  const text = JSON.stringify({ ...manifest, models: [...others, entry] }, null, 2);
  await writeFile(`${path}.partial`, `${text}\n`);
  await rename(`${path}.partial`, path);
}
