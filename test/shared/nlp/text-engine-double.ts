import { EngineError, InferenceError } from '#shared/errors.ts';
import { findPersonalData } from '#shared/nlp/personal-data/index.ts';
import type {
  Analysis,
  AnalysisRequest,
  AnalyzeOptions,
  TaskName,
  TextEngine,
} from '#shared/nlp/types.ts';

/** What a test may hook into a double. */
export interface TextEngineDoubleHooks {
  /** Awaited before a call's texts are read: a gate that makes them slow, or something that throws. */
  readonly before?: (
    requests: readonly AnalysisRequest[],
    options: AnalyzeOptions,
  ) => Promise<void> | void;
  /** Tasks that it serves; by default entities and answers. */
  readonly tasks?: readonly TaskName[];
  /** Languages that it serves them in; by default any. */
  readonly languages?: readonly string[];
}

/**
 * A text engine without models, which keeps the engine's contract (`engine-contract.ts` runs against it): it finds
 * capitalised words as `PER`, every word as `NOUN`, exclamation marks as `mood`, names and what the rules find as personal data; a
 * question that holds `unknown` has no answer; a text that holds `POISON` fails alone.
 * `jobs` are the sizes of the calls; `hold` keeps calls from ending until what it returns is called, `sicken` makes
 * them reject with `EngineError` until what it returns is called.
 */
export function createTextEngineDouble(hooks: TextEngineDoubleHooks = {}) {
  const { tasks = ['entities', 'answers'], languages = ['*'] } = hooks;
  const serves: Served = (task, language) =>
    tasks.includes(task) && (languages.includes('*') || languages.includes(language));
  const jobs: number[] = [];
  let healthy = true;
  let held: Promise<void> | undefined;
  let closed = false;

  async function run(
    requests: readonly AnalysisRequest[],
    options: AnalyzeOptions,
  ): Promise<ReturnType<typeof analyzeOne>[]> {
    if (closed) throw new EngineError('the engine was closed');
    await hooks.before?.(requests, options);
    await held;
    if (closed) throw new EngineError('the engine was closed');
    if (!healthy) throw new EngineError('the worker threads end');
    return requests.map((request) => analyzeOne(request, serves));
  }

  const engine: TextEngine = {
    pipelineVersion: 'p1',
    models: [
      {
        ...{ name: 'double', tasks, languages, version: '000000000000', figures: [] },
        heads: tasks.map((task) => ({ task, name: 'double', labels: [] })),
      },
    ],
    async analyze(requests, options = {}) {
      const { signal } = options;
      signal?.throwIfAborted();
      jobs.push(requests.length);
      const running = run(requests, options);
      if (signal === undefined) return running;
      return new Promise((resolve, reject) => {
        const giveUp = (): void => reject(signal.reason);
        signal.addEventListener('abort', giveUp, { once: true });
        running.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
      });
    },
    async close() {
      closed = true;
    },
  };
  return {
    engine,
    jobs,
    hold: (): (() => void) => {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    sicken: (): (() => void) => {
      healthy = false;
      return () => {
        healthy = true;
      };
    },
  };
}

type Served = (task: TaskName, language: string) => boolean;

function analyzeOne(request: AnalysisRequest, serves: Served) {
  const { text, questions = [], topK = 1, also = [] } = request;
  const language = languageOf(request);
  if (text.includes('POISON') || language === undefined) {
    return { ok: false as const, error: new InferenceError('the text cannot be read') };
  }
  const usual: TaskName[] = questions.length > 0 ? ['entities', 'answers'] : ['entities'];
  if (serves('labels', language)) usual.push('labels');
  const asked = [...new Set([...(request.tasks ?? usual), ...also])];
  const when = <T>(task: TaskName, find: () => T[]): T[] =>
    asked.includes(task) && serves(task, language) ? find() : [];
  const names = [...text.matchAll(/\p{Lu}\p{L}+/gu)].map(entityOf);
  const value: Analysis = {
    language,
    unserved: asked.filter((task) => !serves(task, language)),
    entities: when('entities', () => names),
    answers: when('answers', () =>
      questions.flatMap((question) => Array.from({ length: topK }, () => answerTo(question, text))),
    ),
    labels: when('labels', () => [
      { task: 'mood', label: text.includes('!') ? 'excited' : 'calm', score: 0.9 },
    ]),
    tags: when('tags', () =>
      [...text.matchAll(/\p{L}+/gu)].map(({ 0: word, index }) => ({
        tag: 'NOUN',
        start: index,
        end: index + word.length,
        score: 0.9,
      })),
    ),
    pii: when('pii', () => [...findPersonalData(text, { language, entities: names })]),
    tokens: text.split(/\s+/u).length,
    windows: text.length > 2_000 ? 2 : 1,
  };
  return { ok: true as const, value };
}

function languageOf({ language = 'und' }: AnalysisRequest): string | undefined {
  try {
    return new Intl.Locale(language).language ?? 'und';
  } catch {
    return undefined;
  }
}

function entityOf({ 0: text, index }: RegExpExecArray) {
  return { type: 'PER', text, start: index, end: index + text.length, score: 0.9 };
}

function answerTo(question: string, text: string) {
  return question.includes('unknown')
    ? { question, text: null, start: null, end: null, score: 0.8, noAnswerScore: 0.8 }
    : { question, text: text.slice(0, 1), start: 0, end: 1, score: 0.7, noAnswerScore: 0.1 };
}
