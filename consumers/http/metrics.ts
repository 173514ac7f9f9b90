import type * as z from 'zod';
import {
  METRICS_WINDOW_SECONDS,
  type MetricsAnswer,
  MOST_POINTS,
  MOST_SERIES,
  metricPeriods,
  type metricsQuerySchema,
} from '#shared/contracts/monitoring.ts';
import { ValidationError } from '#shared/errors.ts';
import { metricKey, metricNames } from '#shared/metric-names.ts';
import type { Metric, MetricsWindow, Series } from './cloudwatch.ts';
import type { Bounds, HttpDeps } from './on-demand.ts';
import { orUnavailable } from './problems.ts';

const HOUR_MS = 3_600_000;
const { least, most } = METRICS_WINDOW_SECONDS;

type Statistic = MetricsAnswer['series'][number]['statistic'];
const sum: readonly Statistic[] = ['Sum'];
const maximum: readonly Statistic[] = ['Maximum'];

/** What is told of each metric, by its name; the others are for alarms and for the publisher. */
const told: Readonly<Record<string, readonly Statistic[]>> = {
  [metricNames.recordsProcessed]: sum,
  [metricNames.recordsStreamed]: sum,
  [metricNames.recordsRejected]: sum,
  [metricNames.entitiesFound]: sum,
  [metricNames.questionsAnswered]: sum,
  [metricNames.questionsUnanswered]: sum,
  [metricNames.lowConfidenceShare]: ['Average'],
  [metricNames.tokensProcessed]: sum,
  [metricNames.endToEndLatency]: ['p50', 'p95', 'p99'],
  [metricNames.textsWindowed]: sum,
  [metricNames.labelsFound]: sum,
  [metricNames.personalDataFound]: sum,
  [metricNames.languageUnserved]: sum,
  [metricNames.canaryLatency]: maximum,
  [metricNames.canaryFailed]: maximum,
  [metricNames.errorsLogged]: sum,
  [metricNames.drift]: ['Average'],
};

/**
 * The metrics of a window. What has dimensions is what CloudWatch lists; so many series and points are asked for that they
 * fit one call.
 *
 * @throws {ValidationError} for a window or a period that is too long or too short, {HttpError} 503 where CloudWatch is ill
 */
export async function readMetrics(
  query: z.output<typeof metricsQuerySchema>,
  { cloudWatch, names, log }: HttpDeps,
  { arrivedAt, signal }: Bounds,
): Promise<MetricsAnswer> {
  const window = windowOf(query, arrivedAt);
  const [series, points] = await orUnavailable(
    'CloudWatch cannot be read',
    { log, signal },
    async () => {
      const all = seriesOf(await cloudWatch.metrics(names.metricsNamespace, signal), names);
      return [all, await cloudWatch.points(all.slice(0, MOST_SERIES), window, signal)] as const;
    },
  );
  const omitted = Math.max(0, series.length - MOST_SERIES);
  return {
    from: new Date(window.start * 1_000).toISOString(),
    to: new Date(window.end * 1_000).toISOString(),
    period: window.period,
    series: points.flatMap((ofSeries, index) => {
      const asked = series[index];
      if (!asked || ofSeries.length === 0) return [];
      const { metric, statistic } = asked;
      return { metric: metric.name, dimensions: metric.dimensions, statistic, points: ofSeries };
    }),
    ...(omitted > 0 && { omitted }),
  };
}

/**
 * The whole periods that a window touches.
 *
 * @throws {ValidationError} naming `from` or `period`
 */
export function windowOf(
  { from, to, period: wanted }: z.output<typeof metricsQuerySchema>,
  now: number,
): MetricsWindow {
  const ends = to === undefined ? now : Date.parse(to);
  const begins = from === undefined ? ends - HOUR_MS : Date.parse(from);
  const seconds = (ends - begins) / 1_000;
  if (seconds < least || seconds > most) {
    const message = `from must be 15 minutes to 24 hours before to${to === undefined ? ', which is now where it is left out' : ''}`;
    throw new ValidationError('from', message);
  }
  const windows = metricPeriods.map((period) => ({
    start: Math.floor(begins / 1_000 / period) * period,
    end: Math.ceil(ends / 1_000 / period) * period,
    period,
  }));
  const fits = ({ start, end, period }: MetricsWindow) => (end - start) / period <= MOST_POINTS;
  const window = windows.find(
    (one) => fits(one) && (wanted === undefined || one.period >= wanted),
  ) as MetricsWindow;
  if (wanted === undefined || window.period === wanted) return window;
  const message = `period must be at least ${window.period} for this window: a series has at most ${MOST_POINTS} points`;
  throw new ValidationError('period', message);
}

/** Every series that is told: those of the whole deployment first, since they come first where there are too many. */
function seriesOf(
  listed: readonly Metric[],
  names: HttpDeps['names'],
): (Series & { statistic: Statistic })[] {
  const namespace = names.metricsNamespace;
  // CloudWatch may take a quarter of an hour to list a metric that is new.
  const whole = Object.keys(told).map((name): Metric => ({ namespace, name, dimensions: {} }));
  const byName = listed
    .filter(({ dimensions }) => Object.keys(dimensions).length > 0)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const iteratorAges = [names.inferenceFunction, names.metricsFunction].map((FunctionName) => ({
    metric: { namespace: 'AWS/Lambda', name: 'IteratorAge', dimensions: { FunctionName } },
    statistic: 'Maximum' as const,
  }));
  const own = [...whole, ...byName].flatMap((metric) =>
    (told[metric.name] ?? []).map((statistic) => ({ metric, statistic })),
  );
  return [...iteratorAges, ...own];
}

const keyOf = ({ name, dimensions }: Metric): string => metricKey(name, dimensions);
