import { fileURLToPath } from 'node:url';
import {
  type AnalysisRequest,
  createTextEngine,
  type TaskName,
  type TextEngine,
} from '#shared/nlp/index.ts';
import { loadLanguageDetector } from '#shared/nlp/language/index.ts';
import { readManifest } from '#shared/nlp/manifest.ts';
import { processorSeconds } from './processor-time.ts';

const families = fileURLToPath(new URL('../../fixtures/families/', import.meta.url));
/** Small models with random weights, for tasks that none of the measured models serves. */
const standIns: Partial<Record<TaskName, string>> = { labels: 'bert-labels', tags: 'distilbert' };
const QUESTION = 'Who is named?';
const LANGUAGE = 'en';

/** Texts a processor second of each task, alone, and of what tells a text's language. */
export interface TaskRates {
  readonly entities: number;
  /** Questions, one a text. */
  readonly answers: number;
  readonly labels: number;
  readonly tags: number;
  readonly pii: number;
  readonly languageDetection: number;
  /** Tasks that a small model with random weights stood in for, and its name: what they cost beside the model. */
  readonly standIns: Readonly<Partial<Record<TaskName, string>>>;
}

/** Measures each task on one worker, in turns, by processor time; `pii` runs its rules and the entity model. */
export async function measureTasks(
  modelsDirectory: string,
  texts: readonly string[],
  rounds: number,
): Promise<TaskRates> {
  const served = new Set(
    (await readManifest(modelsDirectory))?.models.flatMap(({ heads }) =>
      heads.map(({ task }): TaskName => task),
    ),
  );
  const detect = await loadLanguageDetector();
  const engines = [await createTextEngine({ modelsDirectory, workers: 1 })];
  const [bundled] = engines;
  const used: Partial<Record<TaskName, string>> = {};
  try {
    const job = async (task: TaskName): Promise<() => Promise<void>> => {
      const standIn = served.has(task) ? undefined : standIns[task];
      if (standIn === undefined) return () => analyze(bundled, texts, task);
      const options = { modelsDirectory: families, models: [standIn], workers: 1 };
      const engine = await createTextEngine(options);
      engines.push(engine);
      used[task] = standIn;
      return () => analyze(engine, texts, task);
    };
    const seconds = await processorSeconds(
      {
        entities: await job('entities'),
        answers: await job('answers'),
        labels: await job('labels'),
        tags: await job('tags'),
        pii: await job('pii'),
        languageDetection: () => {
          for (const text of texts) detect(text);
        },
      },
      rounds,
    );
    const rates = Object.entries(seconds).map(([name, time]) => [name, texts.length / time]);
    return { ...Object.fromEntries(rates), standIns: used } as TaskRates;
  } finally {
    for (const engine of engines) await engine.close();
  }
}

/** Has an engine do one task for all texts. */
export async function analyze(
  engine: TextEngine | undefined,
  texts: readonly string[],
  ...tasks: readonly TaskName[]
): Promise<void> {
  const questions = tasks.includes('answers') ? [QUESTION] : [];
  const requests = texts.map(
    (text): AnalysisRequest => ({
      text,
      tasks,
      questions,
      language: LANGUAGE,
    }),
  );
  const failed = (await engine?.analyze(requests))?.find((outcome) => !outcome.ok);
  if (failed && !failed.ok) throw failed.error;
}
