import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { checkFile, sumFile } from './file-sums.ts';
import { type ManifestFile, type ManifestModel, readJson } from './manifest.ts';

/** What the models are for, named as on the Hub. */
export type Task = 'token-classification' | 'question-answering';

/** A graph file, and what else must be as the manifest says before it is run. */
export interface GraphFile {
  readonly path: string;
  /** Optimized beforehand for this runtime, or written so that nothing is left to optimize. */
  readonly optimized: boolean;
}

/** A model's folder, read and understood but not yet run. */
export interface ModelFolder {
  readonly name: string;
  readonly task: Task;
  readonly directory: string;
  readonly tokenizerJson: unknown;
  /** By output column; empty for question answering. */
  readonly labels: readonly string[];
  readonly maximumLength: number;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Best first: later ones are for when an earlier one does not load. */
  readonly graphs: readonly GraphFile[];
  /** Files with their sums: the manifest's, or else those that are used. */
  readonly files: readonly ManifestFile[];
  /** Compares every file that is used with its sum; rejects naming the first that differs. */
  verify(): Promise<void>;
}

const configSchema = z.looseObject({
  model_type: z.string(),
  architectures: z.array(z.string()).optional(),
  max_position_embeddings: z.int().min(8),
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).optional(),
});
type Config = z.output<typeof configSchema>;

const modelTypes = new Set(['bert', 'distilbert', 'electra', 'mobilebert']);
const optimizedGraphs = ['onnx/model_quantized.optimized.onnx', 'onnx/model.optimized.onnx'];
const plainGraphs = [
  'onnx/model_quantized.onnx',
  'onnx/model_int8.onnx',
  'onnx/model.onnx',
  'model_quantized.onnx',
  'model.onnx',
];

/**
 * Reads a model's folder as Hugging Face lays one out.
 *
 * @param entry what the manifest says of it; without one, sums are taken from the files as they are
 * @throws {ModelError} for a missing file, an unsupported kind of model, or a wrong field
 */
export async function readModelFolder(
  directory: string,
  options: { entry?: ManifestModel | undefined; task?: Task | undefined } = {},
): Promise<ModelFolder> {
  const { entry } = options;
  const [configJson, tokenizerJson] = await Promise.all(
    ['config.json', 'tokenizer.json'].map((name) => readJson(join(directory, name))),
  );
  const config = parseConfig(configJson, join(directory, 'config.json'));
  const task = options.task ?? entry?.task ?? guessTask(config, directory);
  const graphs = await findGraphs(directory, entry);
  const files = entry?.files ?? (await sumUsedFiles(directory, graphs));
  return {
    name: entry?.name ?? basename(directory),
    task,
    directory,
    tokenizerJson,
    labels: task === 'token-classification' ? labelsOf(config, entry, directory) : [],
    maximumLength: Math.min(
      entry?.maximumLength ?? config.max_position_embeddings,
      config.max_position_embeddings,
    ),
    settings: entry?.settings ?? {},
    graphs,
    files,
    verify: () => verifyUsedFiles(directory, graphs, entry),
  };
}

function parseConfig(json: unknown, path: string): Config {
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue?.path.join('.') || '(file)';
    throw new ModelError(`${path}: ${field}: ${issue?.message}`, { cause: parsed.error });
  }
  if (!modelTypes.has(parsed.data.model_type)) {
    throw new ModelError(
      `${path}: model_type ${parsed.data.model_type} is not supported; known are ${[...modelTypes].join(', ')}`,
    );
  }
  return parsed.data;
}

function guessTask(config: Config, directory: string): Task {
  const architecture = config.architectures?.[0] ?? '';
  if (architecture.endsWith('ForTokenClassification')) return 'token-classification';
  if (architecture.endsWith('ForQuestionAnswering')) return 'question-answering';
  throw new ModelError(
    `${directory}: the architecture ${architecture || '(none)'} of config.json is neither for token classification nor for question answering`,
  );
}

function labelsOf(config: Config, entry: ManifestModel | undefined, directory: string): string[] {
  const map = config.id2label;
  const labels = map ? Object.keys(map).map((_, index) => map[String(index)]) : entry?.labels;
  if (labels === undefined) throw new ModelError(`${directory}: config.json has no id2label`);
  return labels.map((label, index) => {
    if (label === undefined) {
      throw new ModelError(`${directory}: id2label of config.json has no ${index}`);
    }
    return label;
  });
}

async function findGraphs(
  directory: string,
  entry: ManifestModel | undefined,
): Promise<GraphFile[]> {
  const listed = entry && new Set(entry.files.map((file) => file.path));
  const present = async (name: string): Promise<boolean> =>
    listed
      ? listed.has(name)
      : access(join(directory, name)).then(
          () => true,
          () => false,
        );
  const found: GraphFile[] = [];
  for (const name of optimizedGraphs) {
    if (await present(name)) found.push({ path: join(directory, name), optimized: true });
  }
  for (const name of plainGraphs) {
    if (await present(name)) {
      found.push({ path: join(directory, name), optimized: entry?.optimized ?? false });
      break;
    }
  }
  if (found.length > 0) return found;
  throw new ModelError(
    `${directory}: there is no graph; one of ${plainGraphs.join(', ')} is needed`,
  );
}

function usedNames(directory: string, graphs: readonly GraphFile[]): string[] {
  const names = graphs.map((graph) => graph.path.slice(directory.length + 1));
  return ['config.json', 'tokenizer.json', ...names];
}

async function sumUsedFiles(
  directory: string,
  graphs: readonly GraphFile[],
): Promise<ManifestFile[]> {
  return Promise.all(
    usedNames(directory, graphs).map(async (path) => ({
      path,
      ...(await sumFile(join(directory, path))),
    })),
  );
}

async function verifyUsedFiles(
  directory: string,
  graphs: readonly GraphFile[],
  entry: ManifestModel | undefined,
): Promise<void> {
  if (entry === undefined) return;
  const used = usedNames(directory, graphs);
  await Promise.all(
    // A graph's external data is named after it, with something added.
    entry.files
      .filter(({ path }) => used.some((name) => path.startsWith(name)))
      .map((file) => checkFile(join(directory, file.path), file)),
  );
}
