import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Rejection, rejectionMessage } from '#shared/contracts/rejection.ts';
import { EngineError } from '#shared/errors.ts';
import type { AnalysisOutcome } from '#shared/nlp/types.ts';
import { createStoredResult } from '#shared/results-table/redact.ts';
import { requestOf } from '#shared/results-table/result-item.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';
import type { WriteOutcome } from '#shared/results-table/write-items.ts';
import { lookUpRejections } from './look-up.ts';
import { late, noteOutcomes, park, type SliceDeadlines, signalUntil, write } from './park.ts';
import type { BatchRecord, InferenceDeps, RecordOutcome, RecordOutcomes } from './types.ts';

/** Any engine that is well reads it within the time that is left for such a question. */
const HEALTH_TEXT = 'Is it well?';

/**
 * Makes a slice durable: runs its texts as one job, writes the results, and parks what can never succeed.
 *
 * @param budgetIsWhole the slice is one text and has all of an invocation's time: where that is not enough it never is
 * @returns what became of each record; a `pending` one is left over by a slice that was given up
 * @throws {EngineError} (or what the engine throws in its place) where the engine is ill; nothing was done then
 */
export async function settleSlice(
  slice: readonly BatchRecord[],
  deps: InferenceDeps,
  deadlines: SliceDeadlines,
  budgetIsWhole: boolean,
): Promise<RecordOutcomes> {
  const outcomes: RecordOutcomes = new Map(
    slice.map((entry): [BatchRecord, RecordOutcome] => [
      entry,
      { state: 'pending', ...(entry.rejection && { rejection: entry.rejection }) },
    ]),
  );
  const texts = textsOf(outcomes);
  const signal = signalUntil(deadlines.lookUp, deps);
  await noteOutcomes(outcomes, texts, deps, lookUpRejections(texts, { ...deps, signal }));
  const items = await infer(outcomes, deps, deadlines, budgetIsWhole);
  if (items) {
    for (const [entry, written] of await write(items, deps, deadlines.results)) {
      outcomes.set(entry, afterWrite(written));
    }
    await park(outcomes, deps, deadlines);
  }
  return outcomes;
}

const rejected = (reason: Rejection['reason'], error: unknown): RecordOutcome => ({
  state: 'pending',
  rejection: { reason, message: rejectionMessage(error) },
});

function afterWrite(written: WriteOutcome): RecordOutcome {
  if (written.status === 'stored') return { state: 'stored' };
  return written.status === 'late'
    ? late(written.reason)
    : rejected('inference-failed', written.reason);
}

const textsOf = (outcomes: RecordOutcomes): BatchRecord[] =>
  [...outcomes].flatMap(([entry, outcome]) =>
    outcome.state === 'pending' && !outcome.rejection && entry.record ? [entry] : [],
  );

/** Runs what is pending; gives the results to be written, or undefined where the slice was given up. */
async function infer(
  outcomes: RecordOutcomes,
  deps: InferenceDeps,
  deadlines: SliceDeadlines,
  budgetIsWhole: boolean,
): Promise<Map<BatchRecord, TableItem> | undefined> {
  const texts = textsOf(outcomes);
  const items = new Map<BatchRecord, TableItem>();
  if (texts.length === 0) return items;
  const results = await analyze(texts, deps, deadlines.inference);
  if (results) {
    for (const [entry, made] of results) {
      if ('pk' in made) items.set(entry, made);
      else outcomes.set(entry, made);
    }
    return items;
  }
  if (!budgetIsWhole) {
    const why = 'inference did not end in time';
    for (const entry of texts) outcomes.set(entry, { state: 'late', why, slow: true });
    return undefined;
  }
  await checkEngineHealth(texts, deps, deadlines.health);
  const why = 'inference on this text alone did not end within the time of an invocation';
  for (const entry of texts) outcomes.set(entry, rejected('inference-timeout', why));
  return items;
}

/** What each text came to, or undefined where it did not in time. Hiding personal data counts: it may take as long as the models do. */
async function analyze(
  texts: readonly BatchRecord[],
  deps: InferenceDeps,
  deadline: number,
): Promise<(readonly [BatchRecord, TableItem | RecordOutcome])[] | undefined> {
  const signal = signalUntil(deadline, deps);
  const requests = texts.map(({ record, asked }) =>
    requestOf(record?.text ?? '', asked, deps.options),
  );
  const recalled = requests.map((request) => deps.seen.recall(request));
  const unseen = [...requests.keys()].filter((index) => !recalled[index]);
  const weigh = (indices: Iterable<number>) =>
    [...indices].reduce((sum, index) => sum + (texts[index]?.weight ?? 0), 0);
  const started = deps.now();
  let inferred = started;
  try {
    const outcomes = await analyzeUnseen();
    inferred = deps.now();
    const made: (readonly [BatchRecord, TableItem | RecordOutcome])[] = [];
    for (const [index, entry] of texts.entries()) {
      if (deps.options.redaction) await nextTurn();
      signal.throwIfAborted();
      made.push([entry, await toItem(entry, outcomes.get(index), deps)]);
    }
    if (unseen.length > 0) {
      // As if none had been seen: what comes next may be new.
      const all = weigh(requests.keys());
      const infer = ((inferred - started) * all) / Math.max(1, weigh(unseen));
      deps.pace.learn(all, infer + deps.now() - inferred);
    }
    return made;
  } catch (error) {
    if (!signal.aborted || error instanceof EngineError) throw error;
    deps.pace.learn(weigh(unseen), deps.now() - started, true);
    return undefined;
  }

  /** What each text came to, by its index. */
  async function analyzeUnseen(): Promise<Map<number, AnalysisOutcome>> {
    const outcomes = new Map<number, AnalysisOutcome>();
    for (const [index, value] of recalled.entries()) {
      if (value) outcomes.set(index, { ok: true, value });
    }
    if (unseen.length === 0) return outcomes;
    const asked = unseen.flatMap((index) => requests[index] ?? []);
    const analyses = await deps.engine.analyze(asked, { signal });
    if (analyses.length !== asked.length) {
      throw new EngineError(`the engine gave ${analyses.length} outcomes of ${asked.length} texts`);
    }
    for (const [at, outcome] of analyses.entries()) {
      const request = asked[at];
      if (request && outcome.ok) deps.seen.keep(request, outcome.value);
      outcomes.set(unseen[at] ?? at, outcome);
    }
    return outcomes;
  }
}

/** @throws {EngineError} where the engine cannot read a few words either: then it was not the text that took so long */
async function checkEngineHealth(
  texts: readonly BatchRecord[],
  deps: InferenceDeps,
  deadline: number,
) {
  const questions = texts.some(({ asked }) => asked.questions.length > 0) ? [HEALTH_TEXT] : [];
  const signal = signalUntil(deadline, deps);
  try {
    await deps.engine.analyze([{ text: HEALTH_TEXT, questions }], { signal });
  } catch (cause) {
    throw cause instanceof EngineError
      ? cause
      : new EngineError('the engine does not answer in time', { cause });
  }
}

async function toItem(
  entry: BatchRecord,
  analyzed: AnalysisOutcome | undefined,
  deps: InferenceDeps,
): Promise<TableItem | RecordOutcome> {
  if (!entry.record || !analyzed) return late('the engine gave no outcome');
  if (!analyzed.ok) return rejected('inference-failed', analyzed.error);
  const { record, asked, position, arrivedAt } = entry;
  try {
    return await createStoredResult(
      {
        record,
        ...asked,
        analysis: analyzed.value,
        pipelineVersion: deps.engine.pipelineVersion,
        arrival: { arrivedAt, shard: position.shard, sequenceNumber: position.sequenceNumber },
      },
      deps.options,
    );
  } catch (error) {
    return rejected('inference-failed', error);
  }
}
