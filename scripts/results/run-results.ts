import { setTimeout as delay } from 'node:timers/promises';
import { inParts, type OpenResults } from '#shared/cli/open-results.ts';
import { say } from '#shared/cli/run-command.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { aboutPlace, type Place } from '#shared/results-table/places.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';
import { chooseResult, type Wanted } from './choose.ts';
import type { Display } from './display.ts';
import type { openFollower } from './follow.ts';
import { createTally, type Named } from './tally.ts';

/** Results that are read at a time. */
const PAGE = 100;
/** An index knows what was written within this time. */
const INDEX_LAG_MS = 1_000;
/** Sorts behind every time. */
const THE_END = ':';

type Table = Pick<OpenResults, 'byId' | 'walk' | 'read'>;

/** What is stored of the wanted results, in parts: a record's, a source's from the oldest on, or all of a time. */
async function* storedResults(
  { id, source, since = '', pipeline }: Wanted,
  table: Table,
  signal: AbortSignal,
): AsyncGenerator<ResultItem[]> {
  if (id !== undefined) {
    yield await table.byId(id, signal);
    return;
  }
  const isOfPipeline = (place: Place): boolean =>
    pipeline === undefined || aboutPlace(place).pipelineVersion === pipeline;
  const walk = table.walk({ source, from: since, to: THE_END, signal });
  for await (const places of inParts(walk, PAGE)) {
    yield await table.read(places.filter(isOfPipeline), signal);
  }
}

/** Shows what is stored. */
export async function listResults(
  wanted: Wanted,
  table: Table,
  display: Display,
  signal: AbortSignal,
): Promise<void> {
  for await (const results of storedResults(wanted, table, signal)) results.forEach(display.show);
}

/**
 * Shows what is stored, where a time or a record is asked for, and then what is written, each once, until the signal aborts: the
 * table's stream is opened first, so that nothing falls between the two.
 */
export async function followResults(
  wanted: Wanted,
  table: Table,
  display: Display,
  openStream: () => ReturnType<typeof openFollower>,
  signal: AbortSignal,
): Promise<void> {
  const follower = await openStream();
  const shown = new Set<string>();
  if (wanted.since !== undefined || wanted.id !== undefined) {
    await delay(INDEX_LAG_MS, undefined, { signal });
    for await (const results of storedResults(wanted, table, signal)) {
      for (const result of results) {
        shown.add(keyOf(result));
        display.show(result);
      }
    }
  }
  say('following the table; Ctrl-C ends it');
  await follower.run((item) => {
    if (!shown.delete(keyOf(item))) display.show(item);
  });
}

const keyOf = ({ pk, sk }: TableItem): string => `${pk}\n${sk}`;

/** What stored results name most. */
export interface Tally {
  readonly results: number;
  readonly top: readonly Named[];
  /** Those that made the results: of several, each counts the same text for itself. */
  readonly pipelines: readonly string[];
}

/** Counts what stored results name. */
export async function tallyResults(
  wanted: Wanted,
  table: Table,
  count: number,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (read: number) => void },
): Promise<Tally> {
  const tally = createTally();
  const pipelines = new Set<string>();
  let read = 0;
  let results = 0;
  for await (const page of storedResults(wanted, table, signal)) {
    for (const result of page) {
      const chosen = chooseResult(result, wanted);
      if (!chosen) continue;
      results += 1;
      pipelines.add(chosen.pipelineVersion);
      tally.add(chosen.entities);
    }
    read += page.length;
    onProgress(read);
  }
  return { results, top: tally.top(count), pipelines: [...pipelines] };
}
