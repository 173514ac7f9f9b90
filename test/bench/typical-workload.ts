import type { Workload } from '#shared/cost.ts';
import { parseSettings } from '#shared/settings.ts';

/** Texts of 1 KB on a default deployment whose function, of two vCPUs, is as fast as that: what docs/cost.md counts with. */
export function typicalWorkload(recordsPerSecond: number): Workload {
  const { inference, metrics } = parseSettings({});
  return {
    recordsPerSecond,
    recordKilobytes: 1,
    resultKilobytes: 2.5,
    indexKilobytes: 0.25,
    inferenceMegabytes: inference.memoryMb,
    inferenceBatch: inference.mapping.batchSize,
    metricsMegabytes: metrics.memoryMb,
    metricsBatch: metrics.mapping.batchSize,
    metricsSecondsPerBatch: 1,
    arrivalsPerSecond: 50,
    logKilobytesPerBatch: 1,
  };
}
