import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigurationError, ModelError } from '../errors.ts';
import { type AnalysisDeps, analyzeTexts } from './engine/analyze.ts';
import { missingOutput } from './engine/pack.ts';
import { createSessionPool, type SessionPool } from './engine/pool.ts';
import { runWindows } from './engine/run-windows.ts';
import type { SessionPort } from './engine/session-port.ts';
import { openWorkerPort } from './engine/worker-port.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { type ModelFolder, readModelFolder, type Task } from './model-folder.ts';
import { answerTask, entityTask } from './tasks.ts';
import type { Aggregation } from './token-classification/index.ts';
import type { ModelIdentity, TextEngine } from './types.ts';

export { ConfigurationError, EngineError, InferenceError, ModelError } from '../errors.ts';
export type { SessionPort } from './engine/session-port.ts';

export type { Aggregation } from './token-classification/index.ts';
export type {
  Analysis,
  AnalysisOutcome,
  AnalysisRequest,
  AnalyzeOptions,
  Answer,
  Entity,
  ModelIdentity,
  TextEngine,
} from './types.ts';

/** How a text engine is made; only the folder is needed. */
export interface TextEngineOptions {
  /** Folder with a `manifest.json` and a folder for each model. */
  readonly modelsDirectory: string;
  /** Name in the manifest, or a model's folder; by default the manifest's first of the task; null for none. */
  readonly entityModel?: string | null;
  /** See `entityModel`. */
  readonly answerModel?: string | null;
  /** How token predictions become entities; by default as the model's settings say, else `first`. */
  readonly aggregation?: Aggregation;
  /**
   * Tokens that consecutive windows of a long text share, a quarter of a window at most; by default as the model's
   * settings say, else 128. One that fills a window is refused.
   */
  readonly overlap?: number;
  /** Null answers' threshold, see the settings of question answering; by default as the model's settings say. */
  readonly nullThreshold?: number;
  /** Worker threads; by default one per vCPU. */
  readonly workers?: number;
  /** Padded tokens of a batch at most; default 256. */
  readonly tokenBudget?: number;
  /** Opens what holds sessions and runs batches on them; by default a worker thread. */
  readonly openPort?: () => SessionPort;
}

/** Default of `tokenBudget`; what it rests on is in docs/performance.md. */
export const TOKEN_BUDGET = 256;

/** Raised where decoding changes, so that results of before and after are told apart. */
const DECODING_VERSION = 1;

const optionsSchema = z.strictObject({
  modelsDirectory: z.string().min(1),
  entityModel: z.string().min(1).nullish(),
  answerModel: z.string().min(1).nullish(),
  aggregation: z.enum(['none', 'simple', 'first', 'average', 'max']).optional(),
  overlap: z.int().min(0).optional(),
  nullThreshold: z.number().min(-1).max(1).optional(),
  workers: z.int().min(1).optional(),
  tokenBudget: z.int().min(1).optional(),
  openPort: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
});

/**
 * Loads the models and starts the workers.
 *
 * @example
 * const engine = await createTextEngine({ modelsDirectory: 'models' });
 * const [outcome] = await engine.analyze([{ text: 'Ada Lovelace lived in London.', questions: ['Who?'] }]);
 * if (outcome?.ok) console.log(outcome.value.entities, outcome.value.answers);
 * await engine.close();
 *
 * @throws {ConfigurationError} for an option that is unknown or wrong
 * @throws {ModelError} for a missing or altered file, or a model that is not supported
 * @throws {EngineError} where no worker can be started
 */
export async function createTextEngine(options: TextEngineOptions): Promise<TextEngine> {
  const { error } = optionsSchema.safeParse(options);
  if (error) {
    const issue = error.issues[0];
    const field = ['options', ...(issue?.path ?? [])].join('.');
    throw new ConfigurationError(`${field}: ${issue?.message}`, { cause: error });
  }
  // Threads start while the folders are being read: both take about as long.
  const pool = createSessionPool({
    size: options.workers ?? availableParallelism(),
    openPort: options.openPort ?? (() => openWorkerPort(workerFile())),
  });
  try {
    return await startEngine(options, await findModels(options), pool);
  } catch (error) {
    await pool.close();
    throw error;
  }
}

async function startEngine(
  options: TextEngineOptions,
  folders: readonly ModelFolder[],
  pool: SessionPool,
): Promise<TextEngine> {
  // Begun before what keeps this thread busy; awaited together below.
  const loads = Promise.all([
    ...folders.map((folder, model) => loadModel(pool, folder, model)),
    ...folders.map((folder) => folder.verify()),
  ]);
  // Where the tasks below throw, nobody awaits it.
  loads.catch(() => undefined);
  const { aggregation, overlap, nullThreshold, tokenBudget = TOKEN_BUDGET } = options;
  const settings = {
    ...(aggregation && { aggregation }),
    ...(overlap !== undefined && { overlap }),
  };
  const indexOf = (task: Task): number => folders.findIndex((folder) => folder.task === task);
  const entities = entityTask(folders, indexOf('token-classification'), settings);
  const own = nullThreshold === undefined ? {} : { nullThreshold };
  const answers = answerTask(folders, indexOf('question-answering'), own);
  await loads;
  const special = [entities, answers]
    .filter((task) => task !== undefined)
    .sort((a, b) => a.model - b.model)
    .map((task) => task.tokenizer.special);
  const deps: AnalysisDeps = {
    entityTask: entities,
    answerTask: answers,
    runWindows: (inputs, signal) => runWindows(pool, inputs, { tokenBudget, special, signal }),
  };
  return {
    pipelineVersion: shortHash([
      DECODING_VERSION,
      { ...settings, ...own },
      folders.map(describeModel),
    ]),
    models: folders.map(identityOf),
    analyze: (requests, given) => analyzeTexts(deps, requests, given),
    close: () => pool.close(),
  };
}

async function loadModel(pool: SessionPool, folder: ModelFolder, model: number): Promise<void> {
  const signature = await pool.load(model, folder.graphs);
  const needed =
    folder.task === 'token-classification' ? ['logits'] : ['start_logits', 'end_logits'];
  const missing = missingOutput(signature, needed);
  if (missing !== undefined) {
    throw new ModelError(
      `${folder.directory}: the graph has no output ${missing}, which ${folder.task} needs`,
    );
  }
  const width = signature.outputs.logits;
  if (folder.labels.length > 0 && typeof width === 'number' && width !== folder.labels.length) {
    throw new ModelError(
      `${folder.directory}: config.json names ${folder.labels.length} labels, but the graph gives ${width}`,
    );
  }
}

async function findModels(options: TextEngineOptions): Promise<ModelFolder[]> {
  const manifest = await readManifest(options.modelsDirectory);
  const found = await Promise.all([
    findModel(options, manifest, 'token-classification', options.entityModel),
    findModel(options, manifest, 'question-answering', options.answerModel),
  ]);
  const folders = found.filter((folder) => folder !== undefined);
  if (folders.length > 0) return folders;
  throw new ModelError(
    manifest
      ? `${options.modelsDirectory}/manifest.json names no model that was asked for`
      : `${options.modelsDirectory}/manifest.json is missing`,
  );
}

async function findModel(
  { modelsDirectory }: TextEngineOptions,
  manifest: Manifest | undefined,
  task: Task,
  wanted: string | null | undefined,
): Promise<ModelFolder | undefined> {
  if (wanted === null) return undefined;
  const entry = manifest?.models.find((model) =>
    wanted === undefined ? model.task === task : model.name === wanted,
  );
  if (entry) {
    if (entry.task !== task) {
      throw new ModelError(`${modelsDirectory}/manifest.json: ${entry.name} is for ${entry.task}`);
    }
    return readModelFolder(join(modelsDirectory, entry.name), { entry, task });
  }
  if (wanted === undefined) return undefined;
  for (const directory of isAbsolute(wanted)
    ? [wanted]
    : [join(modelsDirectory, wanted), resolve(wanted)]) {
    const present = await access(directory).then(
      () => true,
      () => false,
    );
    if (present) return readModelFolder(directory, { task });
  }
  throw new ModelError(
    `${wanted} is neither a model of ${modelsDirectory}/manifest.json nor a folder`,
  );
}

function describeModel(folder: ModelFolder): unknown {
  const { name, task, labels, maximumLength, settings } = folder;
  const files = folder.files.map(({ path, sha256 }) => [path, sha256]);
  return { name, task, labels, maximumLength, settings, files };
}

function identityOf(folder: ModelFolder): ModelIdentity {
  const { name, task } = folder;
  return { name, task, version: shortHash(folder.files.map(({ sha256 }) => sha256)) };
}

function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}

function workerFile(): URL {
  // Built, it stands beside this module under its own name; `.mjs` in a function's bundle, `.js` in a package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return new URL(
    extension === '.ts' ? './worker-development.mjs' : `./worker${extension}`,
    import.meta.url,
  );
}
