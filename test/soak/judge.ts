/**
 * The rule that a soak run is judged by. It fails where
 *
 * - a record is lost or doubled, parked for another reason than its own, or a metric is not what the table holds;
 * - the lag is not bounded: its median in the last quarter of the run is more than twice that in the first quarter plus 5 s.
 *   The lag is the age of the oldest record that is put and not processed. A stack that takes 1 % less than it is given falls
 *   27 s behind between those quarters in an hour;
 * - memory grows: a line fitted to what a process holds after the warm-up (the first third of the run, at most 20 minutes)
 *   rises by more than 64 MB until the end. With less than 5 minutes after the warm-up it is shown and not judged. A heap
 *   takes long to find its size: of the 300 MB that the stack's process holds at 120 records a second, a collection of
 *   garbage gives 100 back;
 * - a function's process ended on the way: its successor would hide what it had grown to.
 */
import { quantile, slopeOf } from './statistics.ts';

/** The rule in one paragraph, for `--help`. */
export const rule = [
  'Exit code 1 if a record is lost or doubled (or parked wrongly, or a metric is not what the table',
  'holds); if the median lag of the last quarter is more than twice that of the first plus 5 s; if the',
  'line fitted to the memory of a process after the warm-up (the first third, at most 20 minutes) rises by',
  'more than 64 MB, where at least 5 minutes were measured; or if a process of a function ended on the way.',
].join('\n');

const LAG_SLACK_MS = 5_000;
const LAG_FACTOR = 2;
const GROWTH_BOUND_MB = 64;
const WARM_UP_SHARE = 1 / 3;
const LONGEST_WARM_UP_SECONDS = 1_200;
const SHORTEST_JUDGED_SECONDS = 300;
/** Samples whose median says what a process holds at a moment. */
const MOMENT = 5;

/** What was seen at one moment. */
export interface Sample {
  /** Seconds since the first record was put. */
  readonly at: number;
  readonly lagMs: number;
  readonly memory: readonly {
    readonly process: string;
    readonly pid: number;
    readonly mb: number;
  }[];
}

/** What a process held, in megabytes. */
export interface MemoryTrend {
  readonly process: string;
  readonly warmMb: number;
  readonly endMb: number;
  readonly slopeMbPerHour: number;
  /** What the fitted line rises by from the warm-up to the end. */
  readonly growthMb: number;
}

/** The lag in a part of the run, in milliseconds. */
export interface LagSpread {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** What the samples say. */
export interface Judgement {
  readonly memory: readonly MemoryTrend[];
  /** Whether enough was seen after the warm-up to judge memory by. */
  readonly memoryJudged: boolean;
  readonly lag: { readonly first: LagSpread; readonly last: LagSpread };
  /** What breaks the rule, in words. */
  readonly failures: readonly string[];
}

/** Judges the samples of a run, in the order they were taken. */
export function judge(samples: readonly Sample[]): Judgement {
  const seconds = samples.at(-1)?.at ?? 0;
  const lag = {
    first: spreadOf(samples.filter(({ at }) => at <= seconds / 4)),
    last: spreadOf(samples.filter(({ at }) => at >= (seconds * 3) / 4)),
  };
  const warmUp = Math.min(seconds * WARM_UP_SHARE, LONGEST_WARM_UP_SECONDS);
  const warm = samples.filter(({ at }) => at >= warmUp);
  const processes = new Set(samples.flatMap(({ memory }) => memory.map(({ process }) => process)));
  const memory = [...processes].map((process) => trendOf(process, warm));

  const memoryJudged = seconds - warmUp >= SHORTEST_JUDGED_SECONDS;
  const failures: string[] = [];
  const lagBound = LAG_FACTOR * lag.first.median + LAG_SLACK_MS;
  if (lag.last.median > lagBound) {
    failures.push(
      `the lag grows: its median is ${inSeconds(lag.last.median)} s in the last quarter, ${inSeconds(lag.first.median)} s in the first`,
    );
  }
  for (const process of processes) {
    const pids = new Set(
      samples.flatMap((one) => one.memory.filter((m) => m.process === process).map((m) => m.pid)),
    );
    if (pids.size > 1) failures.push(`${process} ended on the way: ${pids.size} processes`);
  }
  for (const { process, growthMb } of memory) {
    if (!memoryJudged || growthMb <= GROWTH_BOUND_MB) continue;
    failures.push(`${process} grows: by ${growthMb.toFixed(0)} MB after the warm-up`);
  }
  return { memory, memoryJudged, lag, failures };
}

const inSeconds = (ms: number) => (ms / 1_000).toFixed(1);

function spreadOf(samples: readonly Sample[]): LagSpread {
  const lags = samples.map(({ lagMs }) => lagMs);
  return { median: quantile(lags, 0.5), p95: quantile(lags, 0.95), max: quantile(lags, 1) };
}

function trendOf(process: string, samples: readonly Sample[]): MemoryTrend {
  const points = samples.flatMap(({ at, memory }) =>
    memory.filter((one) => one.process === process).map(({ mb }) => ({ x: at / 3_600, y: mb })),
  );
  const slopeMbPerHour = slopeOf(points);
  const hours = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  const moment = (some: typeof points) =>
    quantile(
      some.map(({ y }) => y),
      0.5,
    );
  return {
    process,
    warmMb: moment(points.slice(0, MOMENT)),
    endMb: moment(points.slice(-MOMENT)),
    slopeMbPerHour,
    growthMb: slopeMbPerHour * hours,
  };
}
