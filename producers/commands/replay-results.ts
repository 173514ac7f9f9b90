import { inParts, type OpenResults } from '#shared/cli/open-results.ts';
import { isProbe } from '#shared/contracts/canary.ts';
import type { TextRecordInput } from '#shared/contracts/text-record.ts';
import { ON_DEMAND_SOURCE } from '#shared/names.ts';
import { itemSize } from '#shared/results-table/item-size.ts';
import { aboutPlace, type Place } from '#shared/results-table/places.ts';
import type { Walk } from '#shared/results-table/walk-places.ts';
import type { ProduceReport } from '../producer.ts';
import { type Replayed, replayedRecord } from './replayed-record.ts';

/** Results that are sent at a time: what a run that is ended may send twice. */
const PAGE = 100;
/** Results that are read for an estimate. */
const SAMPLE = 50;

/** What is replayed. */
export interface Chosen extends Omit<Walk, 'signal' | 'after'> {
  /** Only what this pipeline version made. */
  readonly pipeline?: string | undefined;
  /** The version that runs, where it is known: what it made is left out, unless it is asked for. */
  readonly running?: string | undefined;
}

/** Why a result is not sent, where its place alone tells. */
type LeftOut = 'current' | 'onDemand' | 'otherPipeline' | 'probe';

function leftOut(place: Place, { source, pipeline, running }: Chosen): LeftOut | undefined {
  const about = aboutPlace(place);
  if (source === undefined && isProbe(about)) return 'probe';
  if (pipeline !== undefined && about.pipelineVersion !== pipeline) return 'otherPipeline';
  if (source === undefined && about.source === ON_DEMAND_SOURCE) return 'onDemand';
  if (pipeline === undefined && about.pipelineVersion === running) return 'current';
  return undefined;
}

type Table = Pick<OpenResults, 'walk' | 'read'>;

/** What a replay would send: counts by the index alone, and of what is read of some of them. */
export interface Survey {
  /** Results in the time, of the source. */
  readonly found: number;
  readonly byPipeline: ReadonlyMap<string, number>;
  readonly leftOut: Readonly<Record<LeftOut, number>>;
  /** Results that would be read, and sent where their text is there. */
  readonly chosen: number;
  /** Results out of the whole of them. */
  readonly sample: readonly { readonly bytes: number; readonly replayed: Replayed }[];
}

/** Looks at what there is before anything is sent. */
export async function surveyReplay(
  chosen: Chosen,
  after: Place | undefined,
  table: Table,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (found: number) => void },
): Promise<Survey> {
  const byPipeline = new Map<string, number>();
  const counts = { current: 0, onDemand: 0, otherPipeline: 0, probe: 0 };
  const sampled: Place[] = [];
  let found = 0;
  let count = 0;
  for await (const place of table.walk({ ...chosen, after, signal })) {
    const why = leftOut(place, chosen);
    if (why === 'probe') continue;
    found += 1;
    onProgress(found);
    const { pipelineVersion } = aboutPlace(place);
    byPipeline.set(pipelineVersion, (byPipeline.get(pipelineVersion) ?? 0) + 1);
    if (why !== undefined) {
      counts[why] += 1;
      continue;
    }
    count += 1;
    // Each has the same chance to be in the sample.
    const at = sampled.length < SAMPLE ? sampled.length : Math.floor(Math.random() * count);
    if (at < SAMPLE) sampled[at] = place;
  }
  const results = await table.read(sampled, signal);
  const sample = results.map((result) => ({
    bytes: itemSize(result),
    replayed: replayedRecord(result),
  }));
  return { found, byPipeline, leftOut: counts, chosen: count, sample };
}

/** What became of results so far. */
export interface ReplayCounts {
  /** Results that were looked at. */
  done: number;
  /** Records on the stream. */
  replayed: number;
  retried: number;
  /** Results without the text that was analyzed. */
  withoutText: number;
  redacted: number;
  /** Of those on the stream, records that ask other than their stored result was asked. */
  unlike: number;
  /** Records that the contract, or the stream, does not take. */
  refused: number;
  /** Results that are gone since they were found. */
  gone: number;
}

/** What a replay works with. */
export interface ReplayDeps {
  readonly table: Table;
  /** Puts records, naming those that are refused. */
  readonly put: (records: readonly TextRecordInput[]) => Promise<ProduceReport>;
  /** How many have been refused. */
  readonly refused: () => number;
  /** Told after each page, all of which is on the stream then. */
  readonly onPage: (last: Place, counts: ReplayCounts) => void;
  readonly signal: AbortSignal;
}

/**
 * Sends the texts of stored results through the stream again, a page after the other: the next goes when the one before it is on
 * the stream.
 *
 * @returns why the stream did not take a page, where it did not; none after it was sent then
 */
export async function replayResults(
  chosen: Chosen,
  begun: { readonly after?: Place | undefined; readonly counts: ReplayCounts },
  deps: ReplayDeps,
): Promise<{ counts: ReplayCounts; fault?: string }> {
  const { table, put, refused, onPage, signal } = deps;
  let { counts } = begun;
  const walk = table.walk({ ...chosen, after: begun.after, signal });
  for await (const places of inParts(walk, PAGE)) {
    const wanted = places.filter((place) => leftOut(place, chosen) === undefined);
    const results = await table.read(wanted, signal);
    const page = results.map(replayedRecord);
    const sent = page.flatMap((one) => ('record' in one ? [one] : []));
    const report = await put(sent.map(({ record }) => record));
    const [stranded] = report.stranded;
    if (signal.aborted) break;
    if (stranded) return { counts, fault: report.stopped ?? stranded.reason };
    const count = (why: string) =>
      page.filter((one) => 'leftOut' in one && one.leftOut === why).length;
    counts = {
      done: counts.done + wanted.length,
      replayed: counts.replayed + report.put,
      retried: counts.retried + report.retried,
      withoutText: counts.withoutText + count('withoutText'),
      redacted: counts.redacted + count('redacted'),
      refused: begun.counts.refused + refused(),
      unlike: counts.unlike + sent.filter(({ isSame }) => !isSame).length,
      gone: counts.gone + wanted.length - results.length,
    };
    const last = places.at(-1);
    if (last) onPage(last, counts);
  }
  return { counts };
}

/** Empty counts. */
export const noneReplayed = (): ReplayCounts => ({
  ...{
    done: 0,
    replayed: 0,
    retried: 0,
    withoutText: 0,
    redacted: 0,
    unlike: 0,
    refused: 0,
    gone: 0,
  },
});
