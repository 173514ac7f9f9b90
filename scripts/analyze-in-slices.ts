import { untilInterrupted } from '#shared/cli/interrupt.ts';
import type { Progress } from '#shared/cli/progress.ts';
import type { Analysis, AnalysisRequest, TextEngine } from '#shared/nlp/index.ts';

const sliceSize = 256;

/**
 * Runs many requests, showing how far they are.
 *
 * @throws {InferenceError} of the first request that failed.
 * @throws {InterruptedError} when the signal aborts; what runs then is for the engine's `close` to end
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
      const outcomes = await untilInterrupted(
        engine.analyze(requests.slice(from, from + sliceSize)),
        signal,
        () => `${analyses.length} of ${requests.length} texts were read; nothing was measured`,
      );
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
