import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { ConfigurationError, EngineError, messageOf } from '../errors.ts';
import { type AnalysisDeps, analyzeTexts } from './engine/analyze.ts';
import { createSessionPool, type SessionPool } from './engine/pool.ts';
import { createRouter, serves, usual } from './engine/route.ts';
import { runWindows } from './engine/run-windows.ts';
import type { SessionPort } from './engine/session-port.ts';
import { openWorkerPort } from './engine/worker-port.ts';
import { findModels } from './find-models.ts';
import {
  type DetectLanguage,
  languageDetectorVersion,
  loadLanguageDetector,
} from './language/index.ts';
import { primaryTagOf } from './language/primary-tag.ts';
import { headsOf } from './load-heads.ts';
import { createModelLoader } from './load-models.ts';
import type { ModelFolder } from './model-folder.ts';
import { personalDataVersion } from './personal-data/version.ts';
import { questionAnsweringSettings } from './question-answering/settings.ts';
import { overlapSetting } from './settings.ts';
import type { Aggregation } from './token-classification/group-entities.ts';
import { tokenClassificationSettings } from './token-classification/settings.ts';
import { type ModelIdentity, type TaskName, type TextEngine, taskNames } from './types.ts';

export {
  ConfigurationError,
  EngineError,
  InferenceError,
  ModelError,
  ValidationError,
} from '../errors.ts';
export type { SessionPort } from './engine/session-port.ts';
export type { DetectLanguage } from './language/index.ts';
export type { PersonalDataKind, RedactionMode } from './personal-data/kinds.ts';
export {
  type MovedSpan,
  type RedactedText,
  type RedactOptions,
  redact,
} from './personal-data/redact.ts';
export type { Aggregation } from './token-classification/group-entities.ts';
export type {
  Analysis,
  AnalysisOutcome,
  AnalysisRequest,
  AnalyzeOptions,
  Answer,
  Entity,
  Figure,
  Label,
  ModelIdentity,
  PersonalData,
  Tag,
  TaskName,
  TextEngine,
} from './types.ts';

/** How a text engine is made; only the folder is needed. */
export interface TextEngineOptions {
  /** Folder with a `manifest.json` and a folder for each model. */
  readonly modelsDirectory: string;
  /**
   * Names in the manifest, or models' folders, in the order in which they are preferred; by default all of the manifest. A
   * model that others leave nothing to do is not loaded.
   */
  readonly models?: readonly string[];
  /** What will be asked of the engine; by default every task. Models of other tasks are not loaded. */
  readonly tasks?: readonly TaskName[];
  /** BCP 47 tag of texts whose language is not known, of which the primary one counts; default `en`. */
  readonly defaultLanguage?: string;
  /**
   * Tells a text's language. By default the engine's own, which is asked only where a head is not for every
   * language; one that is given is asked always.
   */
  readonly detectLanguage?: DetectLanguage;
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
const DECODING_VERSION = 3;

const optionsSchema = z.strictObject({
  modelsDirectory: z.string().min(1),
  models: z.array(z.string().min(1)).min(1).optional(),
  tasks: z.array(z.enum(taskNames)).optional(),
  defaultLanguage: z
    .string()
    .refine((tag) => primaryTagOf(tag) !== undefined, 'must be a tag of BCP 47')
    .optional(),
  detectLanguage: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  aggregation: tokenClassificationSettings.shape.aggregation.unwrap().optional(),
  overlap: overlapSetting,
  nullThreshold: questionAnsweringSettings.shape.nullThreshold.unwrap().optional(),
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
  const { aggregation, overlap, nullThreshold, tokenBudget = TOKEN_BUDGET } = options;
  const defaultLanguage = primaryTagOf(options.defaultLanguage ?? 'en') ?? 'en';
  const byTask = {
    ...(aggregation && { entities: { aggregation } }),
    ...(nullThreshold !== undefined && { answers: { nullThreshold } }),
  };
  const models = createModelLoader(folders, pool, { overlap, byTask });
  const heads = headsOf(folders);
  const serving = heads.filter((head) => serves(head, defaultLanguage));
  // The others wait for their first text, so that nothing is paid for what never comes, and what comes first waits for less.
  const first = usual(serving.length > 0 ? serving : heads)[0]?.model;
  const isForAll = heads.every(({ languages }) => languages.includes('*'));
  const [detectLanguage] = await Promise.all([
    options.detectLanguage ?? (isForAll ? undefined : loadLanguageDetector()),
    first === undefined ? undefined : models.load(first),
  ]);
  const deps: AnalysisDeps = {
    async loadModel(model) {
      try {
        return await models.load(model);
      } catch (cause) {
        const name = folders[model]?.name;
        throw new EngineError(`${name} cannot be loaded: ${messageOf(cause)}`, { cause });
      }
    },
    router: createRouter(heads, {
      defaultLanguage,
      detectLanguage,
      servesPersonalData: options.tasks?.includes('pii') ?? true,
    }),
    // Its rules are loaded by the first text that asks for it.
    loadPersonalData: () => import('./personal-data/index.ts'),
    runWindows: (inputs, signal) =>
      runWindows(pool, inputs, { tokenBudget, fillings: models.fillings, signal }),
  };
  return {
    pipelineVersion: shortHash([
      DECODING_VERSION,
      { overlap, byTask, defaultLanguage },
      { languageDetectorVersion, personalDataVersion },
      folders.map(describeModel),
    ]),
    models: folders.map(identityOf),
    analyze: (requests, given) => analyzeTexts(deps, requests, given),
    close: () => pool.close(),
  };
}

function describeModel(folder: ModelFolder): unknown {
  const { name, heads, languages, maximumLength } = folder;
  const files = folder.files.map(({ path, sha256 }) => [path, sha256]);
  return { name, heads, languages, maximumLength, files };
}

function identityOf({ name, heads, languages, files, figures }: ModelFolder): ModelIdentity {
  return {
    name,
    tasks: [...new Set(heads.map(({ task }) => task))],
    languages,
    version: shortHash(files.map(({ sha256 }) => sha256)),
    heads: heads.map(({ task, name, labels }) => ({ task, name, labels })),
    figures,
  };
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
