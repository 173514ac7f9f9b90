import { InterruptedError } from '#shared/cli/interrupt.ts';
import { createProgress, type Progress } from '#shared/cli/progress.ts';
import { ConfigurationError } from '#shared/errors.ts';
import type { Analysis, AnalysisRequest, TaskName, TextEngine } from '#shared/nlp/index.ts';

const sliceSize = 256;

/** What all evaluations can be told. */
export interface EvaluationOptions {
  /** Examples at most. */
  readonly limit?: number | undefined;
  /** BCP 47; by default the engine tells it. */
  readonly language?: string | undefined;
  readonly signal: AbortSignal;
}

/** What an evaluation came to: fields for `--json`, and lines to read. */
export interface Evaluation {
  readonly summary: Record<string, unknown>;
  readonly lines: readonly string[];
}

/**
 * Runs one task on many texts.
 *
 * @throws {ConfigurationError} where no loaded model serves it in the language
 */
export async function analyzeAll(
  engine: TextEngine,
  texts: readonly string[],
  task: TaskName,
  { language, signal }: EvaluationOptions,
): Promise<Analysis[]> {
  const requests = texts.map(
    (text): AnalysisRequest => ({
      text,
      tasks: [task],
      ...(language !== undefined && { language }),
    }),
  );
  const progress = createProgress({ label: 'eval', total: texts.length, unit: 'texts' });
  const analyses = await analyzeInSlices(engine, requests, progress, signal);
  if (!analyses.every(({ unserved }) => unserved.includes(task))) return analyses;
  const where = language === undefined ? '' : ` in ${language}`;
  throw new ConfigurationError(`no loaded model serves ${task}${where}`);
}

/**
 * Runs many requests, showing how far they are.
 *
 * @throws {InferenceError} of the first request that failed.
 * @throws {InterruptedError} when the signal aborts
 */
export async function analyzeInSlices(
  engine: TextEngine,
  requests: readonly AnalysisRequest[],
  progress: Progress,
  signal: AbortSignal,
): Promise<Analysis[]> {
  const analyses: Analysis[] = [];
  try {
    for (let from = 0; from < requests.length; from += sliceSize) {
      const slice = requests.slice(from, from + sliceSize);
      const outcomes = await engine.analyze(slice, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        throw new InterruptedError(
          `${analyses.length} of ${requests.length} texts were read; nothing was measured`,
        );
      });
      for (const outcome of outcomes) {
        if (!outcome.ok) throw outcome.error;
        analyses.push(outcome.value);
      }
      progress.update(analyses.length);
    }
  } finally {
    progress.stop();
  }
  return analyses;
}
