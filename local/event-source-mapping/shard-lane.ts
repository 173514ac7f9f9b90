import { type Invocation, MAXIMUM_PAYLOAD_BYTES } from '#local/lambda/invocation.ts';
import { messageOf } from '#shared/errors.ts';
import {
  type Batch,
  type Buffered,
  cutBatch,
  maximumAgeMs,
  parkExpired,
  settleBatch,
} from './batch.ts';
import { interpretResponse, MAXIMUM_STATE_BYTES, type Outcome } from './batch-response.ts';
import { backoffMs, type Notifier } from './clock.ts';
import { parkRecords, tooOld } from './invocation-record.ts';
import type { ShardProgress } from './offset-tracker.ts';
import type { StreamRecord } from './stream-source.ts';
import { eventOf, isWindowOver, type OpenWindow, windowStart } from './tumbling-window.ts';
import type { ShardContext } from './types.ts';

/** Delivers one lane of a shard, a batch at a time; a shard has as many lanes as its parallelization factor. */
export interface ShardLane {
  push(records: readonly StreamRecord[]): void;
  /** Bytes that wait, as JSON. */
  bytes(): number;
  /** Runs until the shard is read to its end and all is delivered, or the mapping stops. */
  run(): Promise<void>;
}

/** Room in a payload for what surrounds the records. */
const ENVELOPE_BYTES = 2 * 1024;

const stateBytes = (window: OpenWindow | undefined): number =>
  window ? Buffer.byteLength(JSON.stringify(window.state)) : 0;

/** A lane of a shard; with tumbling windows a shard has one lane, since it has one state. */
export function createShardLane(given: {
  context: ShardContext;
  progress: ShardProgress;
  notifier: Notifier;
  shard: { readonly readToEnd: boolean; readonly emptyReadAt: number | undefined };
}): ShardLane {
  const { context, progress, notifier, shard } = given;
  const { options, clock, log, shardId, stop } = context;
  const { settings, source } = options;
  const lengthMs = settings.tumblingWindowSeconds * 1000;
  const buffer: Buffered[] = [];
  const pending: Batch[] = [];
  let buffered = 0;

  const windowOf = ({ arrivedAt }: StreamRecord): number =>
    lengthMs === 0 ? 0 : Math.max(windowStart(arrivedAt, lengthMs), progress.window?.start ?? 0);

  function eventFor(records: readonly StreamRecord[], isFinal = false, isEarly = false) {
    const { window } = progress;
    return eventOf(records, window && { window, lengthMs, shardId, source, isFinal, isEarly });
  }

  /** Invokes the function; undefined where it could not be invoked, which says nothing about the batch. */
  async function invoke(event: unknown): Promise<Invocation | undefined> {
    try {
      return await options.invoke(event);
    } catch (error) {
      if (!stop.aborted) {
        log.warn({ shardId, error: messageOf(error) }, 'the function could not be invoked');
      }
      return undefined;
    }
  }

  const waitAfter = (failures: number) =>
    clock.sleep(backoffMs(failures, context.backoff, clock.random()), stop);

  /** The next batch, or how long to wait for one. */
  function next(): Batch | number {
    const again = pending.shift();
    if (again) return again;
    const maximumBytes = MAXIMUM_PAYLOAD_BYTES - ENVELOPE_BYTES - stateBytes(progress.window);
    const at = { now: clock.now(), ended: shard.readToEnd };
    const cut = cutBatch(buffer, { ...settings, maximumBytes }, at, windowOf);
    if ('waitMs' in cut) return cut.waitMs;
    const records = buffer.splice(0, cut.count).map(({ record }) => record);
    buffered -= records.reduce((sum, { bytes }) => sum + bytes, 0);
    return { records, retries: 0, failures: 0 };
  }

  async function deliver(batch: Batch): Promise<void> {
    const fresh = await dropExpired(batch);
    const first = fresh?.records[0];
    if (!fresh || !first) return;
    if (lengthMs > 0) progress.window ??= { start: windowOf(first), state: {} };

    const event = eventFor(fresh.records);
    const invocation = await invoke(event);
    if (context.abandon.aborted) return;
    if (!invocation) {
      pending.unshift({ ...fresh, failures: fresh.failures + 1 });
      await waitAfter(fresh.failures + 1);
      return;
    }
    const outcome = interpretResponse(invocation, fresh.records, lengthMs > 0);
    // A function that is being closed fails for no fault of the batch.
    if (outcome.kind === 'failed' && stop.aborted) return;
    await settle(fresh, outcome, event);
  }

  async function settle(batch: Batch, outcome: Outcome, event: unknown): Promise<void> {
    const { acknowledged, redeliver, parked } = settleBatch(batch, outcome, settings);
    if (outcome.kind !== 'success') tellFailure(batch, outcome);
    if (progress.window && outcome.kind !== 'failed') {
      progress.window = { start: progress.window.start, state: outcome.state };
    }
    progress.settle('acknowledged', acknowledged);
    pending.unshift(...redeliver);
    if (parked.length > 0 && outcome.kind !== 'success') {
      const isParked = await parkRecords(context, parked, event, {
        condition: 'RetryAttemptsExhausted',
        invokeCount: batch.failures + 1,
        lastFailure: { functionError: null, ...outcome },
      });
      if (!isParked) return;
      progress.settle('parked', parked);
    }
    if (acknowledged.length > 0 || parked.length > 0) await progress.save();
    notifier.notify();
    if (stateBytes(progress.window) > MAXIMUM_STATE_BYTES) await closeWindow(true);
    const failures = redeliver[0]?.failures ?? 0;
    if (failures > 0) await waitAfter(failures);
  }

  function tellFailure(batch: Batch, outcome: Exclude<Outcome, { kind: 'success' }>): void {
    progress.counts.failures += 1;
    const records = batch.records.length;
    if (outcome.kind === 'partial') {
      log.info({ shardId, records, from: outcome.from }, 'the function hands back records');
    } else {
      const { reason, requestId } = outcome;
      log.warn({ shardId, records, retries: batch.retries, requestId, reason }, 'delivery failed');
    }
  }

  async function dropExpired(batch: Batch): Promise<Batch | undefined> {
    const maximumAge = maximumAgeMs(settings, source.retentionMs);
    const { expired, remaining } = parkExpired(batch, maximumAge, clock.now());
    if (expired.length === 0) return batch;
    if (!(await parkRecords(context, expired, eventFor(expired), tooOld))) return undefined;
    progress.settle('parked', expired);
    await progress.save();
    notifier.notify();
    return remaining;
  }

  /** Invokes the function for the window as a whole, until it succeeds: nothing after it may be delivered before. */
  async function closeWindow(isEarly: boolean): Promise<void> {
    for (let failures = 1; progress.window && !stop.aborted; failures += 1) {
      const invocation = await invoke(eventFor([], true, isEarly));
      if (context.abandon.aborted) return;
      if (invocation?.ok) {
        progress.window = isEarly ? { start: progress.window.start, state: {} } : undefined;
        await progress.save();
        return;
      }
      if (stop.aborted) return;
      progress.counts.failures += 1;
      if (invocation) {
        const { errorType, errorMessage } = invocation;
        log.warn({ shardId, errorType, errorMessage }, 'closing a tumbling window failed');
      }
      await waitAfter(failures);
    }
  }

  const windowIsOver = (): boolean =>
    progress.window !== undefined &&
    pending.length === 0 &&
    isWindowOver(progress.window, lengthMs, {
      next: buffer[0]?.record,
      emptyReadAt: shard.emptyReadAt,
      ended: shard.readToEnd,
    });

  return {
    push(records) {
      const readAt = clock.now();
      for (const record of records) {
        buffer.push({ record, readAt });
        buffered += record.bytes;
      }
    },
    bytes: () => buffered,
    async run() {
      while (!stop.aborted) {
        if (windowIsOver()) {
          await closeWindow(false);
          continue;
        }
        const step = next();
        if (typeof step !== 'number') await deliver(step);
        else if (shard.readToEnd && buffer.length === 0) return;
        else await notifier.wait(step);
      }
    },
  };
}
