import { EngineError, InferenceError } from '#shared/errors.ts';
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
}

/**
 * A text engine without models, which keeps the engine's contract (`engine-contract.ts` runs against it): it finds
 * capitalised words as `PER`; a question that holds `unknown` has no answer; a text that holds `POISON` fails alone.
 * `jobs` are the sizes of the calls; `hold` keeps calls from ending until what it returns is called, `sicken` makes
 * them reject with `EngineError` until what it returns is called.
 */
export function createTextEngineDouble(hooks: TextEngineDoubleHooks = {}) {
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
    return requests.map(analyzeOne);
  }

  const engine: TextEngine = {
    pipelineVersion: 'p1',
    models: [
      { name: 'double', tasks: ['entities', 'answers'], languages: ['*'], version: '000000000000' },
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

function analyzeOne(request: AnalysisRequest) {
  const { text, questions = [], topK = 1, language = 'en' } = request;
  const usual: TaskName[] = questions.length > 0 ? ['entities', 'answers'] : ['entities'];
  const asked = new Set(request.tasks ?? usual);
  if (text.includes('POISON')) {
    return { ok: false as const, error: new InferenceError('the text cannot be read') };
  }
  const value: Analysis = {
    entities: asked.has('entities') ? [...text.matchAll(/\p{Lu}\p{L}+/gu)].map(entityOf) : [],
    answers: (asked.has('answers') ? questions : []).flatMap((question) =>
      Array.from({ length: topK }, () => answerTo(question, text)),
    ),
    language,
    unserved: [...asked].filter((task) => task !== 'entities' && task !== 'answers'),
    labels: [],
    tags: [],
    pii: [],
    tokens: text.split(/\s+/u).length,
    windows: text.length > 2_000 ? 2 : 1,
  };
  return { ok: true as const, value };
}

function entityOf({ 0: text, index }: RegExpExecArray) {
  return { type: 'PER', text, start: index, end: index + text.length, score: 0.9 };
}

function answerTo(question: string, text: string) {
  return question.includes('unknown')
    ? { question, text: null, start: null, end: null, score: 0.8, noAnswerScore: 0.8 }
    : { question, text: text.slice(0, 1), start: 0, end: 1, score: 0.7, noAnswerScore: 0.1 };
}
