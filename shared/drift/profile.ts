import * as z from 'zod';
import { type TaskName, taskNames } from '../nlp/types.ts';
import { type Counts, chanceOf, stabilityIndex, sumOf } from './stability-index.ts';

/** Tasks that have a profile: all of them. */
export const profiledTasks = taskNames;

/** What a text counts in a histogram: whole numbers add up to the same in any order. */
export const WHOLE_TEXT = 1_000;

/** Lower ends of the bins of scores; the last one holds 1 too. */
export const SCORE_BINS = [0, 0.5, 0.7, 0.85, 0.95] as const;

/** Where in `names` the texts are in which a task found nothing, and the labels that have no place of their own. */
export const [NOTHING, OTHER] = [0, 1];
/** The first names of a task. */
export const FIRST_NAMES: readonly string[] = ['(none)', '(other)'];

/**
 * Texts by what a task found in them, in thousandths: each text counts once, shared equally among its labels, and among the
 * scores of them. Places past the end are 0.
 */
export interface Histogram {
  /** By the place of the label in `names`. */
  readonly labels: Counts;
  /** By the place of the bin in `SCORE_BINS`; texts in which nothing was found are left out. */
  readonly scores: Counts;
}

/** What a task found in texts, first and lately. */
export interface TaskProfile {
  readonly names: readonly string[];
  /** The first `wanted` texts. */
  readonly reference: Histogram;
  /** The texts after those, by the hour in which they were counted (epoch seconds): as many hours as it takes. */
  readonly hours: readonly (Histogram & { readonly hour: number })[];
}

/** What the tasks of a pipeline version found in streamed texts; plain JSON. */
export interface Profile {
  readonly pipelineVersion: string;
  /** Version of the metrics state that it was last changed with. */
  readonly version: number;
  /** Texts of a complete reference, and of the present. */
  readonly wanted: number;
  readonly tasks: Readonly<Partial<Record<TaskName, TaskProfile>>>;
}

const counts = z.array(z.number().min(0));
const histogramSchema = z.object({ labels: counts, scores: counts });

/** A profile as it lies in the table. */
export const profileSchema = z.object({
  pipelineVersion: z.string(),
  version: z.number(),
  wanted: z.int().min(1),
  tasks: z.partialRecord(
    z.enum(profiledTasks),
    z.object({
      names: z.array(z.string()),
      reference: histogramSchema,
      hours: z.array(histogramSchema.extend({ hour: z.number() })),
    }),
  ),
}) satisfies z.ZodType<Profile>;

/** Where a profile lies in the metrics state table. */
export const profileKey = (pipelineVersion: string) => ({
  pk: `${PROFILE_PREFIX}${pipelineVersion}`,
  sk: 'PROFILE',
});
/** How the partition keys of profiles begin. */
export const PROFILE_PREFIX = 'PROFILE#';

/** So far a value may lie from the truth by chance alone: with fewer texts nothing is said. */
const MOST_DEVIATION = 0.05;

/** Texts of a histogram. */
export const textsOf = ({ labels }: Histogram): number => sumOf(labels) / WHOLE_TEXT;

/** The hours of a profile together. */
export function presentOf({ hours }: Pick<TaskProfile, 'hours'>): Histogram {
  return {
    labels: added(hours.map(({ labels }) => labels)),
    scores: added(hours.map(({ scores }) => scores)),
  };
}

/** Lists added up, place by place. */
function added(lists: readonly Counts[]): number[] {
  const sums: number[] = [];
  for (const list of lists) {
    for (const [at, count] of list.entries()) sums[at] = (sums[at] ?? 0) + count;
  }
  return sums;
}

/**
 * How far the present texts of a task are from its reference: the population stability index of its labels or of their
 * scores, whichever is larger, less its mean where nothing has changed. Undefined while the reference is not complete or the
 * texts are too few, and where nothing was ever found.
 */
export function driftOf(task: TaskProfile, wanted: number): number | undefined {
  if (textsOf(task.reference) < wanted) return undefined;
  const present = presentOf(task);
  const compared = (['labels', 'scores'] as const).map((what) => {
    const [before, now] = [task.reference[what], present[what]].map((counts) =>
      counts.map((count) => count / WHOLE_TEXT),
    ) as [number[], number[]];
    const { mean, deviation } = chanceOf(before, now);
    return { deviation, value: Math.max(0, stabilityIndex(before, now) - mean) };
  });
  if ((compared[0]?.deviation ?? 0) > MOST_DEVIATION) return undefined;
  // No deviation at all is a single bin: nothing to compare.
  const known = compared.filter(({ deviation }) => deviation > 0 && deviation <= MOST_DEVIATION);
  return known.length > 0 ? Math.max(...known.map(({ value }) => value)) : undefined;
}
