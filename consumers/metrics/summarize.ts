import { isProbe } from '#shared/contracts/canary.ts';
import {
  type CountedByName,
  dimensionNames,
  isCounted,
  metricNames,
  usuallyCountedByName,
} from '#shared/metric-names.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import type { CountedItem, CountedResult } from './counted-item.ts';
import type { TableChange } from './read-event.ts';

/** One metric of a publication: values and how often each occurred. */
export interface MetricDatum {
  readonly name: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly unit: 'Count' | 'Milliseconds' | 'None';
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** CloudWatch takes at most 150 different values a datum. */
const MOST_VALUES = 150;
const FINEST = 4_096;
/** Shard of results that came by a call and not by the stream. */
const HTTP_SHARD = 'http';

/** Whether the stream brought what the item is of. */
export const isStreamed = ({ shard }: Pick<CountedItem, 'shard'>): boolean => shard !== HTTP_SHARD;

/** Adds to the sum of a metric, or of one of its dimensions' values. */
type Add = (name: string, by: number, dimension?: string, value?: string) => void;

/** How results are summed up. */
export interface SummaryOptions {
  readonly lowConfidenceThreshold: number;
  /** `usuallyCountedByName` where left out. */
  readonly countedByName?: CountedByName | undefined;
}

/** Sums up the first inserts among these changes: one datum for each metric, none for what did not occur. */
export function summarize(
  changes: readonly Pick<TableChange, 'createdAt' | 'item' | 'ignored'>[],
  options: SummaryOptions & { readonly now: number },
): MetricDatum[] {
  const sums = new Map<
    string,
    { name: string; dimensions?: Record<string, string>; sum: number }
  >();
  const add: Add = (name, by, dimension, value = '') => {
    if (by === 0) return;
    const key = dimension === undefined ? name : `${name} ${dimension} ${value}`;
    const known = sums.get(key);
    if (known) known.sum += by;
    else sums.set(key, { name, sum: by, ...(dimension && { dimensions: { [dimension]: value } }) });
  };
  const latencies: number[] = [];
  const probes: number[] = [];
  const lowConfidence: number[] = [];
  for (const { item, ignored, createdAt } of changes) {
    if (ignored !== undefined) add(metricNames.itemsIgnored, 1);
    if (!item) continue;
    if (isProbe(item)) {
      if (isResult(item)) probes.push(Math.max(0, options.now - Date.parse(item.arrivedAt)));
      continue;
    }
    if (isStreamed(item)) add(metricNames.recordsStreamed, 1);
    if (!isResult(item)) {
      add(metricNames.recordsRejected, 1);
      add(metricNames.recordsRejected, 1, dimensionNames.reason, item.reason);
      continue;
    }
    addResult(item, options.countedByName ?? usuallyCountedByName, add);
    lowConfidence.push(hasLowConfidence(item, options.lowConfidenceThreshold) ? 1 : 0);
    latencies.push(latencyOf(createdAt, Date.parse(item.arrivedAt), options.now));
  }
  const data = [...sums.values()].map(
    ({ sum, ...metric }): MetricDatum => ({ ...metric, unit: 'Count', values: [sum], counts: [1] }),
  );
  if (latencies.length > 0) {
    data.push(
      { name: metricNames.endToEndLatency, unit: 'Milliseconds', ...histogram(latencies) },
      { name: metricNames.lowConfidenceShare, unit: 'None', ...histogram(lowConfidence) },
    );
  }
  if (probes.length > 0) {
    data.push({ name: metricNames.canaryLatency, unit: 'Milliseconds', ...histogram(probes) });
  }
  return data;
}

function addResult(result: CountedResult, counted: CountedByName, add: Add): void {
  add(metricNames.recordsProcessed, 1);
  add(metricNames.recordsProcessed, 1, dimensionNames.source, result.source);
  const { language } = result;
  if (language !== undefined && isCounted(counted.languages, language)) {
    add(metricNames.recordsProcessed, 1, dimensionNames.language, language);
  }
  add(metricNames.entitiesFound, result.entities.length);
  for (const { type } of result.entities) {
    if (!isCounted(counted.entityTypes, type)) continue;
    add(metricNames.entitiesFound, 1, dimensionNames.type, type);
  }
  for (const { text } of result.answers) {
    add(text === null ? metricNames.questionsUnanswered : metricNames.questionsAnswered, 1);
  }
  for (const { label } of result.labels ?? []) {
    if (!isCounted(counted.labels, label)) continue;
    add(metricNames.labelsFound, 1, dimensionNames.label, label);
  }
  add(metricNames.personalDataFound, result.pii?.length ?? 0);
  for (const { kind } of result.pii ?? []) {
    if (!isCounted(counted.personalDataKinds, kind)) continue;
    add(metricNames.personalDataFound, 1, dimensionNames.kind, kind);
  }
  if (result.unserved && result.unserved.length > 0) add(metricNames.languageUnserved, 1);
  add(metricNames.tokensProcessed, result.tokens);
  if (result.windows > 1) add(metricNames.textsWindowed, 1);
}

function hasLowConfidence(result: CountedResult, threshold: number): boolean {
  return (
    result.entities.some((entity) => entity.score < threshold) ||
    result.answers.some((answer) => answer.text !== null && answer.score < threshold)
  );
}

/**
 * Milliseconds from arrival to stored. The stream rounds the time of storing down to the second: the estimate is the middle
 * of what is possible, given that nothing is stored before it arrived or after it was delivered.
 */
export function latencyOf(createdAt: number, arrivedAt: number, now: number): number {
  const earliest = Math.max(createdAt, arrivedAt);
  const latest = Math.max(earliest, Math.min(createdAt + 1_000, now));
  return Math.max(0, Math.round((earliest + latest) / 2 - arrivedAt));
}

/** Values with their counts, at most 150 of them: rounded as little as that takes, by ever coarser steps of their size. */
export function histogram(all: readonly number[]): { values: number[]; counts: number[] } {
  for (let steps = FINEST; ; steps /= 2) {
    const counts = new Map<number, number>();
    for (const value of all) {
      const bucket = steps === FINEST ? value : roundTo(value, steps);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    if (counts.size <= MOST_VALUES || steps < 1) {
      const sorted = [...counts].sort(([a], [b]) => a - b);
      return { values: sorted.map(([value]) => value), counts: sorted.map(([, count]) => count) };
    }
  }
}

/** Rounds so that each doubling of size has `steps` steps: an error of at most one part in twice as many. */
function roundTo(value: number, steps: number): number {
  if (value === 0) return 0;
  const step = 2 ** Math.floor(Math.log2(value)) / steps;
  return Math.round(value / step) * step;
}
