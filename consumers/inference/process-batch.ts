import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { messageOf } from '#shared/errors.ts';
import type { DecodedRecord } from '#shared/stream/decode-record.ts';
import { findSettled, largeAggregateAtHead } from './find-settled.ts';
import { readKinesisEvent } from './read-event.ts';
import { type SliceReport, settleSlice } from './settle-slice.ts';
import type { Entry, InferenceDeps } from './types.ts';

/** Kept back from the time left: to write the last slice's results and to answer. */
const WRITE_RESERVE_MS = 3_000;
const RESERVE_SHARE = 0.2;
/** Share of the time left that asking what is stored already may take. */
const LOOKUP_SHARE = 0.3;

/**
 * Processes a batch of the stream in slices, in stream order; a slice is durable before the next one starts. What an earlier
 * delivery did of a large aggregate is not done again.
 *
 * @param remaining milliseconds until the function's time-out, as Lambda's context gives it
 * @returns the lowest sequence number that is not durable, if any: it and all after it are delivered again
 * @throws where the engine fails as a whole before anything was done, so that Lambda retries the batch
 */
export async function processBatch(
  event: KinesisStreamEvent,
  deps: InferenceDeps,
  remaining: () => number,
): Promise<KinesisStreamBatchResponse> {
  const delivered = readKinesisEvent(event).map((decoded) => withQuestions(decoded, deps));
  const budget = remaining();
  const end = deps.now() + budget;
  const entries = await withoutSettled(delivered, deps, budget * LOOKUP_SHARE);
  const reserve = Math.min(WRITE_RESERVE_MS, budget * RESERVE_SHARE);
  let done = 0;
  while (done < entries.length) {
    const left = end - reserve - deps.now();
    // A record that takes longer than it should is given up in time, so with half the time left trying costs nothing.
    const worthATry = done === 0 || left > budget / 2;
    const slice = cutSlice(entries, done, deps.pace.sliceLimit(left), worthATry);
    if (slice.length === 0 || (done > 0 && left <= 0)) {
      return handBack(entries[done], deps, 'the time left allows no further slice');
    }
    let report: SliceReport;
    try {
      report = await settleSlice(slice, deps, {
        inference: end - reserve,
        parking: end - reserve / 2,
        writes: end - reserve / 4,
      });
    } catch (error) {
      if (done === 0) throw error;
      return handBack(entries[done], deps, messageOf(error));
    }
    if (report.undurable) return handBack(report.undurable.entry, deps, report.undurable.why);
    done += slice.length;
  }
  return { batchItemFailures: [] };
}

function withQuestions(decoded: DecodedRecord, deps: InferenceDeps): Entry {
  if (!decoded.record) return { ...decoded, questions: [], weight: 0 };
  const { text, source, questions: own } = decoded.record;
  const standing = Object.hasOwn(deps.standingQuestions, source)
    ? deps.standingQuestions[source]
    : undefined;
  const questions = own ?? standing ?? [];
  return { ...decoded, questions, weight: text.length * (1 + questions.length) };
}

async function withoutSettled(
  delivered: readonly Entry[],
  deps: InferenceDeps,
  milliseconds: number,
): Promise<readonly Entry[]> {
  const members = largeAggregateAtHead(delivered);
  if (members.length === 0) return delivered;
  const settled = await findSettled(members, {
    getBatch: deps.getBatch,
    pipelineVersion: deps.engine.pipelineVersion,
    retentionDays: deps.options.retentionDays,
    log: deps.log,
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds))),
  });
  if (settled.size === 0) return delivered;
  deps.log.info(
    { settled: settled.size, of: members.length },
    'going on with an aggregate where an earlier delivery stopped',
  );
  return delivered.filter((entry) => !settled.has(entry));
}

/** The next records whose weights fit the limit; at least one where something must be done. */
function cutSlice(entries: readonly Entry[], from: number, limit: number, atLeastOne: boolean) {
  let to = from;
  let weight = 0;
  for (; to < entries.length; to++) {
    weight += entries[to]?.weight ?? 0;
    if (weight > limit && !(atLeastOne && to === from)) break;
  }
  return entries.slice(from, to);
}

function handBack(
  entry: Entry | undefined,
  deps: InferenceDeps,
  why: string,
): KinesisStreamBatchResponse {
  if (!entry) return { batchItemFailures: [] };
  const itemIdentifier = entry.position.sequenceNumber;
  deps.log.warn({ sequenceNumber: itemIdentifier, why }, 'handing back the rest of the batch');
  return { batchItemFailures: [{ itemIdentifier }] };
}
