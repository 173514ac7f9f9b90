import {
  type AnalysisRequest,
  createTextEngine,
  type TaskName,
  type TextEngine,
} from '#shared/nlp/index.ts';
import { loadLanguageDetector } from '#shared/nlp/language/index.ts';
import { taskNames } from '#shared/nlp/types.ts';
import { processorSeconds } from './processor-time.ts';

const QUESTION = 'Who is named?';
const LANGUAGE = 'en';

/** Texts a processor second of each task that a model serves, alone (of answers questions, one a text), and of language detection. */
export type TaskRates = Readonly<Partial<Record<TaskName | 'languageDetection', number>>>;

/** Measures each task on one worker, in turns, by processor time; `pii` runs its rules and the entity model. */
export async function measureTasks(
  modelsDirectory: string,
  texts: readonly string[],
  rounds: number,
): Promise<TaskRates> {
  const detect = await loadLanguageDetector();
  const engine = await createTextEngine({ modelsDirectory, workers: 1 });
  try {
    const served = new Set(engine.models.flatMap(({ tasks }) => tasks));
    const jobs = taskNames
      .filter((task) => task === 'pii' || served.has(task))
      .map((task) => [task, () => analyze(engine, texts, task)] as const);
    const seconds = await processorSeconds(
      {
        ...Object.fromEntries(jobs),
        languageDetection: () => {
          for (const text of texts) detect(text);
        },
      },
      rounds,
    );
    return Object.fromEntries(
      Object.entries(seconds).map(([name, time]) => [name, texts.length / time]),
    );
  } finally {
    await engine.close();
  }
}

/** Has an engine do one task for all texts. */
export async function analyze(
  engine: TextEngine,
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
  const failed = (await engine.analyze(requests)).find((outcome) => !outcome.ok);
  if (failed && !failed.ok) throw failed.error;
}
