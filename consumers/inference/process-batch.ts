import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { messageOf, SpanstreamError, ValidationError } from '#shared/errors.ts';
import { type DecodedRecord, decodeStreamRecord } from '#shared/stream/decode-record.ts';
import { lookUpAggregate } from './look-up.ts';
import { settleSlice } from './settle-slice.ts';
import type { BatchRecord, InferenceDeps, RecordOutcomes } from './types.ts';

/** Kept back from the time left: to ask an engine that gave nothing whether it is well, to write the last slice's results and to answer. */
const RESERVE_MS = 5_000;
const RESERVE_SHARE = 0.2;
/** Share of the time left that asking what is stored already may take. */
const LOOKUP_SHARE = 0.3;
/** Share of the budget after which a slice of several records is given up: little, so that its first record alone may have the rest. */
const SLICE_SHARE = 0.05;
/** Share of the budget that counts as all of it. */
const WHOLE_SHARE = 0.9;
/** Characters that are worth a slice however little time a slice has. */
const LEAST_WEIGHT = 200;
/** After a slice that was given up the next has half as many records; after one that was not, so many times as many again. */
const WIDEN = 4;

/**
 * Processes a batch of the stream in slices, in stream order; a slice is durable before the next one starts. On an engine that is
 * well every delivery settles at least its first record, whatever the sandbox knows of earlier ones: a slice that takes too long is
 * given up early, and its first record has the rest of the time alone. Where that is not enough it is parked; a record that
 * had less than the whole time is handed back, to be the first of the next delivery.
 *
 * @param remaining milliseconds until the function's time-out, as Lambda's context gives it
 * @returns the lowest sequence number that is not durable, if any: it and all after it are delivered again
 * @throws {EngineError} where the engine is ill and nothing was done, so that Lambda counts an error and retries the batch
 */
export async function processBatch(
  event: KinesisStreamEvent,
  deps: InferenceDeps,
  remaining: () => number,
): Promise<KinesisStreamBatchResponse> {
  const end = deps.now() + remaining();
  const delivered = readKinesisEvent(event).map((decoded) => withAsked(decoded, deps));
  const { signalAfter = AbortSignal.timeout } = deps;
  const lookup = Math.max(1, Math.ceil((end - deps.now()) * LOOKUP_SHARE));
  const settled = await lookUpAggregate(delivered, { ...deps, signal: signalAfter(lookup) });
  const entries = delivered.filter((entry) => !settled.has(entry));

  const time = end - deps.now();
  const reserve = Math.min(RESERVE_MS, time * RESERVE_SHARE);
  const budget = time - reserve;
  const sliceTime = budget * SLICE_SHARE;
  let done = 0;
  let most = Number.POSITIVE_INFINITY;
  while (done < entries.length) {
    const left = end - reserve - deps.now();
    const slice = cutSlice(entries, done, {
      weight: Math.min(
        deps.pace.sliceLimit(left),
        Math.max(LEAST_WEIGHT, deps.pace.sliceLimit(sliceTime)),
      ),
      texts: most,
      // A record that takes longer than it should is given up in time, so with half the time left trying costs nothing.
      atLeastOne: done === 0 || left > budget / 2,
    });
    if (slice.length === 0 || (done > 0 && left <= 0)) {
      return handBack(entries[done], deps, 'the time left allows no further slice');
    }
    const alone = slice.length === 1;
    let outcomes: RecordOutcomes;
    try {
      outcomes = await settleSlice(
        slice,
        deps,
        {
          lookUp: deps.now() + Math.max(0, left) * LOOKUP_SHARE,
          inference: Math.min(end - reserve, alone ? end : deps.now() + sliceTime),
          health: end - reserve * 0.7,
          results: end - reserve * 0.5,
          objects: end - reserve * 0.35,
          rejections: end - reserve * 0.2,
        },
        alone && left >= budget * WHOLE_SHARE,
      );
    } catch (error) {
      logEngineError(error, entries[done], deps);
      if (done === 0) throw error;
      return handBack(entries[done], deps, messageOf(error));
    }
    const fault = firstFault(outcomes);
    if (!fault) {
      done += slice.length;
      if (slice.some(({ record }) => record)) most *= WIDEN;
    } else if (fault.slow && !alone) {
      const texts = slice.filter(({ record }) => record).length;
      most = done === 0 ? 1 : Math.max(1, Math.floor(texts / 2));
    } else return handBack(fault.entry, deps, fault.why);
  }
  return { batchItemFailures: [] };
}

/**
 * Decodes a batch of the stream, in stream order; records of one aggregate follow each other and share a sequence number.
 *
 * @throws {ValidationError} where the event is no batch of a Kinesis stream.
 */
function readKinesisEvent(event: KinesisStreamEvent): DecodedRecord[] {
  if (!Array.isArray(event?.Records)) {
    throw new ValidationError('Records', 'the event is no Kinesis batch: Records is required');
  }
  return event.Records.flatMap(({ kinesis, eventID, eventSourceARN }) =>
    decodeStreamRecord({
      position: {
        stream: eventSourceARN.slice(eventSourceARN.lastIndexOf('/') + 1),
        shard: eventID.slice(0, eventID.lastIndexOf(':')),
        sequenceNumber: kinesis.sequenceNumber,
      },
      partitionKey: kinesis.partitionKey,
      arrivedAt: new Date(Math.round(kinesis.approximateArrivalTimestamp * 1000)).toISOString(),
      data: Buffer.from(kinesis.data, 'base64'),
    }),
  );
}

/** What a record does not say its source's standing settings do. */
function withAsked(decoded: DecodedRecord, { standing }: InferenceDeps): BatchRecord {
  if (!decoded.record) return { ...decoded, asked: { questions: [] }, weight: 0 };
  const { text, source, ...own } = decoded.record;
  const bySource = <Value>(values: Readonly<Record<string, Value>>): Value | undefined =>
    Object.hasOwn(values, source) ? values[source] : undefined;
  const questions = own.questions ?? bySource(standing.questions) ?? [];
  const tasks = own.tasks ?? bySource(standing.tasks);
  const language = own.language ?? bySource(standing.languages);
  return {
    ...decoded,
    asked: { questions, tasks, language },
    weight: text.length * (1 + questions.length),
  };
}

/** The next records that fit the limits; at least one where something must be done. A text that is to be alone is that. */
function cutSlice(
  entries: readonly BatchRecord[],
  from: number,
  limit: { readonly weight: number; readonly texts: number; readonly atLeastOne: boolean },
): BatchRecord[] {
  let to = from;
  let weight = 0;
  let texts = 0;
  for (; to < entries.length; to++) {
    const entry = entries[to];
    weight += entry?.weight ?? 0;
    if (entry?.record) texts += 1;
    const first = to === from;
    if (weight > limit.weight && !(first && limit.atLeastOne)) break;
    if (!first && (texts > limit.texts || (limit.texts === 1 && texts > 0))) break;
  }
  return entries.slice(from, to);
}

/** The first record that is not durable, and why. */
function firstFault(outcomes: RecordOutcomes) {
  for (const [entry, outcome] of outcomes) {
    if (outcome.state === 'late') return { entry, ...outcome };
    // Left over by a slice that was given up: a later record says so.
    if (outcome.state === 'pending') {
      const slow = [...outcomes.values()].some((other) => other.state === 'late' && other.slow);
      return { entry, why: 'it was not settled', slow };
    }
  }
  return undefined;
}

function logEngineError(
  error: unknown,
  entry: BatchRecord | undefined,
  { log }: InferenceDeps,
): void {
  log.error(
    {
      sequenceNumber: entry?.position.sequenceNumber,
      code: error instanceof SpanstreamError ? error.code : undefined,
      why: messageOf(error),
      ...(error instanceof Error && error.cause !== undefined && { cause: messageOf(error.cause) }),
    },
    'the engine is ill: no text is at fault',
  );
}

function handBack(
  entry: BatchRecord | undefined,
  deps: InferenceDeps,
  why: string,
): KinesisStreamBatchResponse {
  if (!entry) return { batchItemFailures: [] };
  const itemIdentifier = entry.position.sequenceNumber;
  deps.log.warn({ sequenceNumber: itemIdentifier, why }, 'handing back the rest of the batch');
  return { batchItemFailures: [{ itemIdentifier }] };
}
