import { InterruptedError } from '#shared/cli/interrupt.ts';
import { createProgress } from '#shared/cli/progress.ts';
import type { Analysis, AnalysisRequest, TextEngine } from '#shared/nlp/index.ts';

const sliceSize = 256;

/**
 * Runs many requests, showing how far they are.
 *
 * @throws {InferenceError} of the first request that failed.
 * @throws {InterruptedError} when the signal aborts
 */
export async function analyzeInSlices(
  engine: TextEngine,
  requests: readonly AnalysisRequest[],
  unit: string,
  signal: AbortSignal,
): Promise<Analysis[]> {
  const progress = createProgress({ label: 'eval', total: requests.length, unit });
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
