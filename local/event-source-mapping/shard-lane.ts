import { randomUUID } from 'node:crypto';
import { MAXIMUM_PAYLOAD_BYTES } from '#local/lambda/invocation.ts';
import { messageOf } from '#shared/errors.ts';
import {
  type Batch,
  type Buffered,
  cutBatch,
  maximumAgeMs,
  parkExpired,
  settleBatch,
} from './batch.ts';
import { interpretResponse, type Outcome } from './batch-response.ts';
import {
  type GivenUp,
  invocationRecord,
  invocationRecordKey,
  tooOld,
} from './invocation-record.ts';
import type { ShardState } from './shard-state.ts';
import type { StreamRecord } from './stream-source.ts';
import { eventOf, isWindowOver, windowStart } from './tumbling-window.ts';

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

/** A lane of a shard; with tumbling windows a shard has one lane, since it has one state. */
export function createShardLane(shard: ShardState): ShardLane {
  const { settings, source, shardId, log, stop } = shard;
  const lengthMs = settings.tumblingWindowSeconds * 1000;
  const maximumAge = maximumAgeMs(settings, source.retentionMs);
  const buffer: Buffered[] = [];
  const pending: Batch[] = [];
  let buffered = 0;

  const windowOf = ({ arrivedAt }: StreamRecord): number =>
    lengthMs === 0 ? 0 : Math.max(windowStart(arrivedAt, lengthMs), shard.window?.start ?? 0);

  const eventFor = (records: readonly StreamRecord[]) =>
    eventOf(records, { window: shard.window, lengthMs, shardId, source });

  /** The next batch, or how long to wait for one. Without records it closes the tumbling window. */
  function next(): Batch | number {
    const again = pending.shift();
    if (again) return again;
    const { window, readToEnd, emptyReadAt } = shard;
    const first = buffer[0]?.record;
    if (window && isWindowOver(window, lengthMs, { next: first, emptyReadAt, readToEnd })) {
      return { records: [], retries: 0, failures: 0 };
    }
    const stateBytes = window ? Buffer.byteLength(JSON.stringify(window.state)) : 0;
    const maximumBytes = MAXIMUM_PAYLOAD_BYTES - ENVELOPE_BYTES - stateBytes;
    const at = { now: shard.now(), ended: readToEnd };
    const cut = cutBatch(buffer, { ...settings, maximumBytes }, at, windowOf);
    if ('waitMs' in cut) return cut.waitMs;
    const records = buffer.splice(0, cut.count).map(({ record }) => record);
    buffered -= records.reduce((sum, { bytes }) => sum + bytes, 0);
    return { records, retries: 0, failures: 0 };
  }

  async function deliver(batch: Batch): Promise<void> {
    const { expired, remaining } = parkExpired(batch, maximumAge, shard.now());
    if (!(await park(expired, eventFor(expired), tooOld))) return;
    const [first] = remaining.records;
    if (expired.length > 0 && !first) return;
    if (first && lengthMs > 0) shard.window ??= { start: windowOf(first), state: {} };

    const event = eventFor(remaining.records);
    // Where it cannot be invoked, that says nothing about the batch.
    const invocation = await shard.invoke(event).catch(messageOf);
    if (shard.abandon.aborted) return;
    if (typeof invocation === 'string') {
      if (stop.aborted) return;
      log.warn({ shardId, error: invocation }, 'the function could not be invoked');
      pending.unshift({ ...remaining, failures: remaining.failures + 1 });
      await shard.pause(remaining.failures + 1);
    } else if (first || !invocation.ok) {
      const outcome = interpretResponse(invocation, remaining.records, lengthMs > 0);
      // A function that is being closed fails for no fault of the batch.
      if (outcome.kind !== 'failed' || !stop.aborted) await settle(remaining, outcome, event);
    } else {
      shard.window = undefined;
      await shard.save();
    }
  }

  async function settle(batch: Batch, outcome: Outcome, event: unknown): Promise<void> {
    // Nothing after a window may be delivered before it is closed.
    const limits = batch.records.length > 0 ? settings : { ...settings, maximumRetryAttempts: -1 };
    const { acknowledged, redeliver, parked } = settleBatch(batch, outcome, limits);
    pending.unshift(...redeliver);
    if (shard.window && outcome.kind !== 'failed') {
      shard.window = { start: shard.window.start, state: outcome.state };
    }
    await shard.settle('acknowledged', acknowledged);
    if (outcome.kind === 'success') return;
    tellFailure(batch, outcome);
    await park(parked, event, {
      condition: 'RetryAttemptsExhausted',
      invokeCount: batch.failures + 1,
      lastFailure: { functionError: null, ...outcome },
    });
    const failures = redeliver[0]?.failures ?? 0;
    if (failures > 0) await shard.pause(failures);
  }

  function tellFailure(batch: Batch, outcome: Exclude<Outcome, { kind: 'success' }>): void {
    shard.counts.failures += 1;
    const records = batch.records.length;
    if (outcome.kind === 'partial') {
      log.info({ shardId, records, from: outcome.from }, 'the function hands back records');
    } else {
      const { reason, requestId } = outcome;
      log.warn({ shardId, records, retries: batch.retries, requestId, reason }, 'delivery failed');
    }
  }

  /**
   * Hands records that are given up to the on-failure destination, trying until it has them.
   *
   * @returns false when the mapping stopped before that
   */
  async function park(
    records: readonly StreamRecord[],
    event: unknown,
    why: GivenUp,
  ): Promise<boolean> {
    const [first, ...others] = records;
    if (!first) return true;
    const about = { shardId, records: records.length, condition: why.condition };
    const now = shard.now();
    const { functionArn, mappingUuid, onFailure } = shard;
    const record = invocationRecord({
      ...{ source, functionArn, shardId, event, now, ...why },
      records: [first, ...others],
    });
    const key = invocationRecordKey({ mappingUuid, shardId, now, uuid: randomUUID() });
    for (let failures = 1; !stop.aborted; failures += 1) {
      try {
        await onFailure?.(key, record);
        if (onFailure) log.warn({ ...about, key }, 'records are parked');
        else log.error(about, 'records are dropped: the mapping has no on-failure destination');
        await shard.settle('parked', records);
        return true;
      } catch (error) {
        log.error({ ...about, error: messageOf(error) }, 'the on-failure destination failed');
        await shard.pause(failures);
      }
    }
    return false;
  }

  return {
    push(records) {
      const readAt = shard.now();
      for (const record of records) {
        buffer.push({ record, readAt });
        buffered += record.bytes;
      }
    },
    bytes: () => buffered,
    async run() {
      while (!stop.aborted) {
        const step = next();
        if (typeof step !== 'number') await deliver(step);
        else if (shard.readToEnd && buffer.length === 0) return;
        else await shard.notifier.wait(step);
      }
    },
  };
}
