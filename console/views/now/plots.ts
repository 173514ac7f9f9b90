import type { MetricsAnswer } from '#shared/contracts/monitoring.ts';
import type { dimensionNames, metricNames } from '#shared/metric-names.ts';

type Series = MetricsAnswer['series'][number];
type MetricName = (typeof metricNames)[keyof typeof metricNames] | 'IteratorAge';
type DimensionName = (typeof dimensionNames)[keyof typeof dimensionNames];

/** What the numbers of a plot are. */
export type Unit = 'per second' | 'per minute' | 'milliseconds' | 'share' | 'count';

/** One plot: which series it draws, and how. */
export interface Plot {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** What it says, and what to do where it is empty. */
  readonly note: string;
  readonly empty: string;
  readonly draws: readonly {
    readonly metric: MetricName;
    readonly statistics: readonly Series['statistic'][];
    /** A line for each value of it; without one, the series of no dimension, or any of AWS's. */
    readonly by?: DimensionName;
    /** Name of the line; the dimension's value, or the statistic, where left out. */
    readonly name?: string;
  }[];
}

/** A line of a plot, point by point on the answer's grid of periods; null where nothing is known. */
export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** What a plot draws of an answer. */
export interface Drawing {
  /** Epoch seconds at which each period begins. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

/** The plots of the view, in their order. */
export const plots: readonly Plot[] = [
  {
    id: 'records',
    title: 'Records',
    unit: 'per second',
    note: 'Results stored, over HTTP too.',
    empty: 'No record came. Put some on the stream, or see why nothing reads it.',
    draws: [{ metric: 'RecordsProcessed', statistics: ['Sum'], name: 'stored' }],
  },
  {
    id: 'latency',
    title: 'End-to-end latency',
    unit: 'milliseconds',
    note: 'From arrival on the stream until stored.',
    empty: 'No record came, so nothing took any time.',
    draws: [{ metric: 'EndToEndLatency', statistics: ['p50', 'p95', 'p99'] }],
  },
  {
    id: 'entities',
    title: 'Entities by type',
    unit: 'per minute',
    note: 'All of them, and the types that metrics.countedByName names.',
    empty: 'No entity was found.',
    draws: [
      { metric: 'EntitiesFound', statistics: ['Sum'], name: 'all' },
      { metric: 'EntitiesFound', statistics: ['Sum'], by: 'Type' },
    ],
  },
  {
    id: 'labels',
    title: 'Labels',
    unit: 'per minute',
    note: 'Those that metrics.countedByName names.',
    empty:
      'None was counted: records or their source ask for labels, and metrics.countedByName names those that are counted.',
    draws: [{ metric: 'LabelsFound', statistics: ['Sum'], by: 'Label' }],
  },
  {
    id: 'rejected',
    title: 'Rejected by reason',
    unit: 'count',
    note: 'Parked in the failures bucket.',
    empty: 'Nothing was rejected.',
    draws: [{ metric: 'RecordsRejected', statistics: ['Sum'], by: 'Reason' }],
  },
  {
    id: 'questions',
    title: 'Questions',
    unit: 'per minute',
    note: 'Unanswered: the text does not say.',
    empty: 'No question was asked. Records and sources ask them.',
    draws: [
      { metric: 'QuestionsAnswered', statistics: ['Sum'], name: 'answered' },
      { metric: 'QuestionsUnanswered', statistics: ['Sum'], name: 'unanswered' },
    ],
  },
  {
    id: 'confidence',
    title: 'Low confidence',
    unit: 'share',
    note: 'Results with an entity or answer under the confidence threshold.',
    empty: 'No result had a score.',
    draws: [{ metric: 'LowConfidenceShare', statistics: ['Average'], name: 'of results' }],
  },
  {
    id: 'languages',
    title: 'Languages',
    unit: 'per minute',
    note: 'Unserved: no model is for them, so they are stored without spans.',
    empty:
      'None was counted: metrics.countedByName names those that are, and unserved ones count by themselves.',
    draws: [
      { metric: 'RecordsProcessed', statistics: ['Sum'], by: 'Language' },
      { metric: 'LanguageUnserved', statistics: ['Sum'], name: 'unserved' },
    ],
  },
  {
    id: 'age',
    title: 'Iterator age',
    unit: 'milliseconds',
    note: 'How long ago the oldest record that waits arrived.',
    empty: 'No function read its stream.',
    draws: [{ metric: 'IteratorAge', statistics: ['Maximum'] }],
  },
  {
    id: 'canary',
    title: 'Canary',
    unit: 'milliseconds',
    note: 'A probe through the whole pipeline, until it was counted.',
    empty:
      'No probe came through: see the alarm canary-failed, or canary.everyMinutes of the settings.',
    draws: [{ metric: 'CanaryLatency', statistics: ['p50', 'p95', 'p99', 'Maximum', 'Average'] }],
  },
  {
    id: 'probes',
    title: 'Probes that failed',
    unit: 'count',
    note: 'Whose result or metric was not there in time.',
    empty: 'No probe was sent: see canary.everyMinutes of the settings.',
    draws: [{ metric: 'CanaryFailed', statistics: ['Sum', 'Maximum'], name: 'failed' }],
  },
];

/** Most lines of one plot; what is less goes under `other`. */
const MOST_LINES = 6;

/** Lines of a plot. Sums become rates; those of a period that is not over yet are left out, since they are no whole ones. */
export function drawingOf(plot: Plot, answer: MetricsAnswer, now = Date.now()): Drawing {
  const { period } = answer;
  const begin = Math.floor(Date.parse(answer.from) / 1_000 / period) * period;
  const end = Math.min(Date.parse(answer.to), now) / 1_000;
  const count = Math.max(0, Math.ceil((end - begin) / period));
  const times = Array.from({ length: count }, (_, index) => begin + index * period);
  const scale =
    plot.unit === 'per second' ? 1 / period : plot.unit === 'per minute' ? 60 / period : 1;
  const lines = plot.draws.flatMap(({ metric, statistics, by, name }) =>
    answer.series
      .filter(
        (one) =>
          one.metric === metric &&
          statistics.includes(one.statistic) &&
          (by === undefined ? isWhole(one) : Object.hasOwn(one.dimensions, by)),
      )
      .map((one) => {
        const isSum = one.statistic === 'Sum';
        const known = new Map(one.points);
        const values = times.map((time) => {
          const value = known.get(time);
          if (!isSum) return value ?? null;
          return time + period > now / 1_000 ? null : (value ?? 0) * scale;
        });
        return { name: nameOf(one, by, name), values };
      }),
  );
  return { times, lines: mostOf(lines) };
}

/** Series of the whole deployment, or AWS's own, whose dimensions name what they are of. */
const isWhole = ({ metric, dimensions }: Series): boolean =>
  metric === 'IteratorAge' || Object.keys(dimensions).length === 0;

function nameOf({ metric, dimensions, statistic }: Series, by?: string, name?: string): string {
  if (by !== undefined) return dimensions[by] ?? '';
  if (metric === 'IteratorAge') return Object.values(dimensions)[0] ?? 'stream';
  return name ?? (statistic === 'Maximum' ? 'most' : statistic === 'Average' ? 'mean' : statistic);
}

const total = ({ values }: Line): number =>
  values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

function mostOf(lines: readonly Line[]): readonly Line[] {
  if (lines.length <= MOST_LINES) return lines;
  const sorted = [...lines].sort((one, other) => total(other) - total(one));
  const rest = sorted.slice(MOST_LINES - 1);
  const values = rest[0]?.values.map((_, index) =>
    rest.reduce<number | null>((sum, line) => add(sum, line.values[index]), null),
  );
  return [
    ...sorted.slice(0, MOST_LINES - 1),
    { name: `${rest.length} others`, values: values ?? [] },
  ];
}

const add = (sum: number | null, value: number | null | undefined): number | null =>
  value === null || value === undefined ? sum : (sum ?? 0) + value;

/** The last value of a line, its least and its most; undefined where it has none. */
export function figuresOf({ values }: Line) {
  const known = values.filter((value) => value !== null);
  const latest = known.at(-1);
  if (latest === undefined) return undefined;
  return { latest, least: Math.min(...known), most: Math.max(...known) };
}
