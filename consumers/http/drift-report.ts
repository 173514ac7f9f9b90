import type * as z from 'zod';
import type { modelsSchema } from '#shared/contracts/models.ts';
import {
  driftOf,
  type Histogram,
  type Profile,
  presentOf,
  SCORE_BINS,
  textsOf,
} from '#shared/drift/profile.ts';
import { sumOf } from '#shared/drift/stability-index.ts';

type Report = z.input<typeof modelsSchema>['drift'];
type Task = Report[number]['task'];

/** Each task of a profile as clients see it: its drift, and the distributions that it is of. */
export function driftReport(profile: Profile | undefined): Report {
  const { tasks = {}, wanted = 0 } = profile ?? {};
  return Object.entries(tasks).map(([task, { names, reference, hours }]) => {
    const present = presentOf({ hours });
    const [from] = hours;
    const shares = (what: keyof Histogram, bin: number) => ({
      reference: shareOf(reference[what], bin),
      present: shareOf(present[what], bin),
    });
    return {
      task: task as Task,
      value: driftOf({ names, reference, hours }, wanted) ?? null,
      reference: { texts: textsOf(reference), wanted },
      present: {
        texts: textsOf(present),
        ...(from && { from: new Date(from.hour * 1_000).toISOString() }),
      },
      labels: names.map((label, place) => ({ label, ...shares('labels', place) })),
      scores: SCORE_BINS.map((from, bin) => ({
        ...{ from, to: SCORE_BINS[bin + 1] ?? 1 },
        ...shares('scores', bin),
      })),
    };
  });
}

const shareOf = (counts: readonly number[], bin: number): number =>
  (counts[bin] ?? 0) / (sumOf(counts) || 1);
