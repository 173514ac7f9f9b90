import type { Progress } from '#shared/cli/progress.ts';
import type { Analysis, AnalysisRequest, TextEngine } from '#shared/nlp/index.ts';

const sliceSize = 256;

/**
 * Runs many requests, showing how far they are.
 *
 * @throws {InferenceError} of the first request that failed.
 */
export async function analyzeInSlices(
  engine: TextEngine,
  requests: readonly AnalysisRequest[],
  progress: Progress,
): Promise<Analysis[]> {
  const analyses: Analysis[] = [];
  try {
    for (let from = 0; from < requests.length; from += sliceSize) {
      for (const outcome of await engine.analyze(requests.slice(from, from + sliceSize))) {
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
