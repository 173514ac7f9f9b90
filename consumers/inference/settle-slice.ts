import { setTimeout as delay } from 'node:timers/promises';
import { InferenceError } from '#shared/errors.ts';
import type { AnalysisOutcome } from '#shared/nlp/types.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import type { TableItem } from '#shared/results-table/table-item.ts';
import { type Parking, parkFailures } from './park-failures.ts';
import type { Entry, InferenceDeps } from './types.ts';

/** How a slice ended: all durable, or the first record that is not. */
export interface SliceReport {
  readonly undurable?: { readonly entry: Entry; readonly why: string };
}

/** Epoch milliseconds after which inference, then parking, and then the writes are given up. */
export interface SliceDeadlines {
  readonly inference: number;
  /** Before that of the writes, so that what was parked can be written down: else a slice of poison alone would never end. */
  readonly parking: number;
  readonly writes: number;
}

/** Fate of one record: the item to write, or why there is none. */
interface Fate {
  readonly entry: Entry;
  readonly item?: TableItem | undefined;
  readonly fault?: string | undefined;
}

/**
 * Makes a slice durable: runs its texts as one job, parks what can never succeed, writes results and rejections.
 *
 * @throws where the engine fails as a whole.
 */
export async function settleSlice(
  slice: readonly Entry[],
  deps: InferenceDeps,
  deadlines: SliceDeadlines,
): Promise<SliceReport> {
  const park = async (
    entries: readonly { entry: Entry; parking: Parking }[],
    deadline: number,
  ): Promise<Fate[]> => {
    const parked = await parkFailures(
      entries.map(({ parking }) => parking),
      {
        putFailure: deps.putFailure,
        retentionDays: deps.options.retentionDays,
        now: deps.now,
        deadline,
      },
    );
    return entries.flatMap(({ entry }, index) => {
      const outcome = parked[index];
      return outcome ? [{ entry, ...outcome }] : [];
    });
  };

  const poison = slice.flatMap((entry) =>
    entry.rejection ? [{ entry, parking: { source: entry, ...entry.rejection } }] : [],
  );
  const [parkedPoison, inferred] = await Promise.all([
    park(poison, deadlines.parking),
    infer(slice, deps, deadlines.inference),
  ]);
  const failed = inferred.flatMap(({ entry, error }) =>
    error ? [{ entry, parking: unprocessable(entry, error.message) }] : [],
  );
  const fates: Fate[] = [
    ...parkedPoison,
    ...(await park(failed, deadlines.parking)),
    ...inferred.filter(({ error }) => error === undefined),
  ];
  const written = await write(fates, deps, deadlines.writes);
  const refused = written.flatMap(({ fate, refusal }) =>
    refusal && fate.item && 'entities' in fate.item
      ? [{ entry: fate.entry, parking: unprocessable(fate.entry, refusal) }]
      : [],
  );
  const again =
    refused.length > 0
      ? await write(await park(refused, deadlines.writes), deps, deadlines.writes)
      : [];
  const settledAgain = new Set(refused.map(({ entry }) => entry));
  return firstUndurable(slice, [
    ...written.filter(({ fate }) => !settledAgain.has(fate.entry)),
    ...again,
  ]);
}

const unprocessable = (entry: Entry, message: string): Parking => ({
  source: entry,
  reason: 'inference-failed',
  message: message.slice(0, 500),
});

interface Inferred {
  readonly entry: Entry;
  readonly item?: TableItem;
  readonly error?: InferenceError;
  readonly fault?: string;
}

async function infer(
  slice: readonly Entry[],
  deps: InferenceDeps,
  deadline: number,
): Promise<Inferred[]> {
  const texts = slice.filter((entry) => entry.record !== undefined);
  if (texts.length === 0) return [];
  const weight = texts.reduce((sum, entry) => sum + entry.weight, 0);
  const started = deps.now();
  const outcomes = await inTime(
    deps.engine.analyze(
      texts.map((entry) => ({ text: entry.record?.text ?? '', questions: entry.questions })),
    ),
    deadline - started,
  );
  deps.pace.learn(weight, deps.now() - started, outcomes === undefined);
  return texts.map((entry, index) => {
    if (!outcomes) return { entry, fault: 'inference did not end in time' };
    return toInferred(entry, outcomes[index], deps);
  });
}

function toInferred(
  entry: Entry,
  outcome: AnalysisOutcome | undefined,
  deps: InferenceDeps,
): Inferred {
  if (!entry.record || !outcome)
    return { entry, error: new InferenceError('the engine gave no outcome') };
  if (!outcome.ok) return { entry, error: outcome.error };
  const { record, questions, position, arrivedAt } = entry;
  const item = createResultItem(
    {
      record,
      questions,
      analysis: outcome.value,
      pipelineVersion: deps.engine.pipelineVersion,
      arrival: { arrivedAt, shard: position.shard, sequenceNumber: position.sequenceNumber },
    },
    deps.options,
  );
  return { entry, item };
}

/** The value, or undefined once so many milliseconds have passed. */
async function inTime<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  const timer = new AbortController();
  const late = delay(Math.max(0, milliseconds), undefined, { signal: timer.signal }).catch(
    () => undefined,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
    // A job that was given up may still fail: nobody waits for it any more.
    promise.catch(() => undefined);
  }
}

interface Written {
  readonly fate: Fate;
  readonly fault?: string;
  readonly refusal?: string;
}

async function write(
  fates: readonly Fate[],
  deps: InferenceDeps,
  deadline: number,
): Promise<Written[]> {
  const items = fates.flatMap((fate) => (fate.item ? [fate.item] : []));
  const outcomes = await deps.writer.write(items, deadline);
  let at = 0;
  return fates.map((fate): Written => {
    if (!fate.item) return { fate, fault: fate.fault ?? 'it was not settled' };
    const outcome = outcomes[at++];
    if (outcome?.status === 'stored') return { fate };
    if (outcome?.status === 'refused')
      return { fate, fault: outcome.reason, refusal: outcome.reason };
    return { fate, fault: outcome?.reason ?? 'the writer gave no outcome' };
  });
}

function firstUndurable(slice: readonly Entry[], written: readonly Written[]): SliceReport {
  const faults = new Map(written.map(({ fate, fault }) => [fate.entry, fault]));
  for (const entry of slice) {
    const why = faults.has(entry) ? faults.get(entry) : 'it was not settled';
    if (why !== undefined) return { undurable: { entry, why } };
  }
  return {};
}
