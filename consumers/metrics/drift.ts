import { isProbe } from '#shared/contracts/canary.ts';
import { driftOf, type Profile } from '#shared/drift/profile.ts';
import { dimensionNames, metricNames } from '#shared/metric-names.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import { addToProfile } from './add-to-profile.ts';
import type { CountedResult } from './counted-item.ts';
import type { ProfileStore } from './profiles.ts';
import type { TableChange } from './read-event.ts';
import { histogram, isStreamed, type MetricDatum } from './summarize.ts';

/** How drift is measured. */
export interface DriftOptions {
  /** Tasks whose drift is published, each a metric. */
  readonly tasks: readonly (keyof Profile['tasks'])[];
  /** Texts of a reference that is begun, and of the present that is held against it. */
  readonly texts: number;
}

/** Pipeline versions that one publication adds to: while one takes the place of another there are two. */
const MOST_VERSIONS = 3;

/**
 * The profiles of the pipeline versions that made some results, with these results: those that the stream brought, without
 * probes.
 *
 * @param version of the state that they will stand in
 */
export async function profilesAfter(
  changes: readonly TableChange[],
  { profiles, drift }: { readonly profiles: ProfileStore; readonly drift: DriftOptions },
  { now, version }: { readonly now: number; readonly version: number },
): Promise<Profile[]> {
  const all = changes.flatMap(streamedResult);
  const versions = [...new Set(all.map(({ pipelineVersion }) => pipelineVersion))];
  return Promise.all(
    versions.slice(0, MOST_VERSIONS).map(async (pipelineVersion) => {
      const results = all.filter((result) => result.pipelineVersion === pipelineVersion);
      const known = (await profiles.read(pipelineVersion)) ?? {
        ...{ pipelineVersion, wanted: drift.texts, tasks: {}, version },
      };
      return { ...known, version, tasks: addToProfile(known, results, now) };
    }),
  );
}

const streamedResult = ({ item }: TableChange): CountedResult | [] =>
  item && isResult(item) && isStreamed(item) && !isProbe(item) ? item : [];

/** The drift of each task that is to be published, of each pipeline version that has one. */
export function driftData(profiles: readonly Profile[], { tasks }: DriftOptions): MetricDatum[] {
  return tasks.flatMap((task) => {
    const values = profiles.flatMap(({ tasks: known, wanted }) => {
      const profile = known[task];
      return (profile && driftOf(profile, wanted)) ?? [];
    });
    const dimensions = { [dimensionNames.task]: task };
    return values.length > 0
      ? [{ name: metricNames.drift, dimensions, unit: 'None', ...histogram(values) }]
      : [];
  });
}
