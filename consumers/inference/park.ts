import pLimit from 'p-limit';
import type { Rejection } from '#shared/contracts/rejection.ts';
import { failureObjectKey, failureObjectOf } from '#shared/dead-letters/object.ts';
import { createRejectionItem } from '#shared/dead-letters/rejection-item.ts';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';
import type { WriteOutcome } from '#shared/results-table/write-items.ts';
import { isTransient } from '#shared/retry.ts';
import { type KnownOutcomes, lookUpResults } from './look-up.ts';
import type { BatchRecord, InferenceDeps, RecordOutcome, RecordOutcomes } from './types.ts';

const OBJECTS_AT_ONCE = 16;
const AGAIN = 'it comes after a record that is delivered again';

/** Epoch milliseconds at which each step gives up, in their order; each leaves time for those that follow. */
export interface SliceDeadlines {
  readonly lookUp: number;
  readonly inference: number;
  /** Of asking the engine whether it is well, where inference did not end in time. */
  readonly health: number;
  readonly results: number;
  readonly objects: number;
  readonly rejections: number;
}

/** Of a record that is not durable. */
export const late = (error: unknown): RecordOutcome => ({ state: 'late', why: messageOf(error) });

/**
 * Notes what the table knows of these records. Where it cannot be asked just now they are late: what is not known may not be settled. A
 * fault of ours, which would come again for ever, is told and holds nothing up.
 */
export async function noteOutcomes(
  outcomes: RecordOutcomes,
  asked: readonly BatchRecord[],
  { log }: InferenceDeps,
  lookUp: Promise<KnownOutcomes>,
): Promise<void> {
  try {
    for (const [entry, outcome] of await lookUp) outcomes.set(entry, outcome);
  } catch (error) {
    if (isTransient(error)) for (const entry of asked) outcomes.set(entry, late(error));
    else log.error({ why: messageOf(error) }, 'could not ask what earlier deliveries did');
  }
}

/** A signal that aborts at that time, in epoch milliseconds. */
export const signalUntil = (
  deadline: number,
  { now, signalAfter = AbortSignal.timeout }: InferenceDeps,
) => signalAfter(Math.max(0, Math.ceil(deadline - now())));

/** Writes items; how it ended comes by record. */
export async function write(
  items: ReadonlyMap<BatchRecord, TableItem>,
  deps: InferenceDeps,
  deadline: number,
): Promise<Map<BatchRecord, WriteOutcome>> {
  const written = items.size > 0 ? await deps.writer.write([...items.values()], deadline) : [];
  const none: WriteOutcome = { status: 'late', reason: 'the writer gave no outcome' };
  return new Map([...items.keys()].map((entry, index) => [entry, written[index] ?? none]));
}

/**
 * Parks what is pending. Poison is poison in every delivery: its object first, then its rejection. A text that fails here may
 * succeed in another delivery, so it is written down as rejected before anything else, with its object still pending; from then on
 * every delivery completes that, whatever becomes of the text there. And one whose result is stored already stays so.
 */
export async function park(
  outcomes: RecordOutcomes,
  deps: InferenceDeps,
  deadlines: SliceDeadlines,
): Promise<void> {
  const due = () =>
    [...outcomes].flatMap(([entry, outcome]) =>
      outcome.state === 'pending' && outcome.rejection
        ? [{ entry, ...outcome, rejection: outcome.rejection }]
        : [],
    );
  const writeRejections = async (
    done: RecordOutcome,
    rejections: ReturnType<typeof due>,
    deadline: number,
  ) => {
    const pending = done.state === 'pending';
    const items = await Promise.all(
      rejections.map(
        async ({ entry, rejection }): Promise<[BatchRecord, TableItem]> => [
          entry,
          await createRejectionItem(entry, rejection, deps.options, pending),
        ],
      ),
    );
    for (const [entry, written] of await write(new Map(items), deps, deadline)) {
      if (written.status !== 'stored') outcomes.set(entry, late(written.reason));
      else if (!pending) outcomes.set(entry, done);
    }
  };

  // What comes after a late record is delivered again, and decided then.
  const order = [...outcomes];
  const end = order.findIndex(([, { state }]) => state === 'late');
  const again = new Set(end === -1 ? [] : order.slice(end).map(([entry]) => entry));
  for (const { entry, claimed } of due()) {
    if (again.has(entry) && entry.record && !claimed) outcomes.set(entry, late(AGAIN));
  }
  const unclaimed = () => due().filter(({ entry, claimed }) => entry.record && !claimed);
  const failed = unclaimed().map(({ entry }) => entry);
  if (failed.length > 0) {
    const signal = signalUntil(deadlines.results, deps);
    await noteOutcomes(outcomes, failed, deps, lookUpResults(failed, { ...deps, signal }));
    await writeRejections({ state: 'pending' }, unclaimed(), deadlines.results);
  }
  const limit = pLimit(OBJECTS_AT_ONCE);
  await Promise.all(
    due().map(({ entry, rejection }) =>
      limit(async () => {
        try {
          await putFailureObject(entry, rejection, deps, deadlines.objects);
        } catch (error) {
          outcomes.set(entry, late(error));
        }
      }),
    ),
  );
  await writeRejections({ state: 'parked' }, due(), deadlines.rejections);
}

async function putFailureObject(
  entry: BatchRecord,
  rejection: Rejection,
  deps: InferenceDeps,
  deadline: number,
): Promise<void> {
  if (deadline <= deps.now()) throw new SpanstreamError('late', 'the deadline passed');
  await deps.putFailure(
    failureObjectKey(entry.position),
    failureObjectOf(entry, rejection, new Date(deps.now()).toISOString()),
    signalUntil(deadline, deps),
  );
}
