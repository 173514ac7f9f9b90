import { useEffect, useState } from 'preact/hooks';
import { readMetrics } from './calls.ts';

const DAY_SECONDS = 86_400;

/** Sources of the last day, the busiest first; undefined until they are known, none where they cannot be had. */
export function useSources(): readonly string[] | undefined {
  const [sources, setSources] = useState<readonly string[]>();
  useEffect(() => {
    const leaving = new AbortController();
    readSources(leaving.signal)
      .catch(() => [])
      .then((found) => {
        if (!leaving.signal.aborted) setSources(found);
      });
    return () => leaving.abort();
  }, []);
  return sources;
}

async function readSources(signal: AbortSignal): Promise<readonly string[]> {
  const { series } = await readMetrics(DAY_SECONDS, signal);
  const counts = series.flatMap(({ metric, dimensions: { Source: source }, points }) =>
    metric === 'RecordsProcessed' && source !== undefined
      ? [{ source, count: points.reduce((sum, [, value]) => sum + value, 0) }]
      : [],
  );
  return counts.sort((one, other) => other.count - one.count).map(({ source }) => source);
}
