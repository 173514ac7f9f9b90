import { randomUUID } from 'node:crypto';
import { MAXIMUM_PAYLOAD_BYTES } from '#local/lambda/invocation.ts';
import { messageOf } from '#shared/errors.ts';
import {
  type Batch,
  type BatchResponse,
  type Buffered,
  cutBatch,
  interpretResponse,
  settleBatch,
  splitExpired,
} from './batch.ts';
import { type Checkpoint, createOffsetTracker } from './checkpoints.ts';
import { invocationRecord, invocationRecordKey, type LastFailure } from './invocation-record.ts';
import { createNotifier, type MappingContext } from './options.ts';
import type { SourceRecord } from './source.ts';

/** A shard that is being processed: what its reader and its lanes know of it, kept in the checkpoint store as it changes. */
export type ShardState = ReturnType<typeof createShardState>;

/** The state of a shard, going on from its checkpoint. */
export function createShardState(context: MappingContext, begun: Omit<Checkpoint, 'ended'>) {
  const { shardId } = begun;
  const offsets = createOffsetTracker(begun.sequenceNumber);
  let saving = Promise.resolve();
  const state = {
    ...context,
    shardId,
    offsets,
    /** Notified when records were read or settled. */
    notifier: createNotifier(context.stop),
    /** Nothing will be read any more: it is closed. */
    readToEnd: false,
    /** When the last read that found nothing more began, epoch milliseconds. */
    emptyReadAt: undefined as number | undefined,
    /** Bytes that wait in lanes, as JSON. */
    waitingBytes: 0,
    counts: { acknowledged: 0, parked: 0, failures: 0 },
    /** Settles what the function acknowledged, or what was given up. */
    async settle(as: 'acknowledged' | 'parked', records: readonly SourceRecord[]): Promise<void> {
      if (records.length === 0) return;
      offsets.settle(records);
      state.counts[as] += records.length;
      await state.save();
      state.notifier.notify();
    },
    /** Keeps what is settled by now; resolves when a killed process finds it again. */
    save(ended = false): Promise<void> {
      saving = saving.then(async () => {
        const sequenceNumber = offsets.checkpoint();
        const checkpoint = { ...begun, ended, sequenceNumber };
        // The records are settled; at worst they are delivered again after a restart.
        await context.checkpoints.save(checkpoint).catch((error: unknown) => {
          const about = { shardId, error: messageOf(error) };
          context.log.error(about, 'a checkpoint could not be kept');
        });
      });
      return saving;
    },
    /** Resolves when what was to be kept by now is. */
    saved: () => saving,
  };
  return state;
}

/** Room in a payload for what surrounds the records. */
const ENVELOPE_BYTES = 2 * 1024;

const eventOf = (records: readonly SourceRecord[]) => ({
  Records: records.map(({ event }) => event),
});

/** A lane of a shard, which delivers a batch at a time; a shard has as many as its parallelization factor. */
export function createShardLane(shard: ShardState) {
  const { settings, source, shardId, log, stop } = shard;
  const ageLimitMs = settings.maximumRecordAgeSeconds * 1000;
  const maximumAge = Math.min(
    ageLimitMs < 0 ? Number.POSITIVE_INFINITY : ageLimitMs,
    source.retentionMs,
  );
  const buffer: Buffered[] = [];
  const pending: Batch[] = [];

  /** The next batch, or how long to wait for one. */
  function next(): Batch | number {
    const again = pending.shift();
    if (again) return again;
    const maximumBytes = MAXIMUM_PAYLOAD_BYTES - ENVELOPE_BYTES;
    const at = { now: shard.now(), ended: shard.readToEnd };
    const cut = cutBatch(buffer, { ...settings, maximumBytes }, at);
    if ('waitMs' in cut) return cut.waitMs;
    const records = buffer.splice(0, cut.count).map(({ record }) => record);
    for (const { bytes } of records) shard.waitingBytes -= bytes;
    return { records, retries: 0, failures: 0 };
  }

  async function deliver(batch: Batch): Promise<void> {
    const { expired, remaining } = splitExpired(batch, maximumAge, shard.now());
    if (!(await park(expired, eventOf(expired)))) return;
    if (remaining.records.length === 0) return;

    const event = eventOf(remaining.records);
    // Where it cannot be invoked, that says nothing about the batch.
    const invocation = await shard.invoke(event).catch(messageOf);
    if (shard.abandon.aborted) return;
    if (typeof invocation === 'string') {
      if (stop.aborted) return;
      log.warn({ shardId, error: invocation }, 'the function could not be invoked');
      pending.unshift({ ...remaining, failures: remaining.failures + 1 });
      await shard.pause(remaining.failures + 1);
      return;
    }
    const response = interpretResponse(invocation, remaining.records);
    // A function that is being closed fails for no fault of the batch.
    if (response.kind !== 'failed' || !stop.aborted) await settle(remaining, response, event);
  }

  async function settle(batch: Batch, response: BatchResponse, event: unknown): Promise<void> {
    const { acknowledged, redeliver, parked } = settleBatch(batch, response, settings);
    pending.unshift(...redeliver);
    await shard.settle('acknowledged', acknowledged);
    if (response.kind === 'success') return;
    shard.counts.failures += 1;
    const about = { shardId, records: batch.records.length, retries: batch.retries, ...response };
    if (response.kind === 'partial') log.info(about, 'the function hands back records');
    else log.warn(about, 'delivery failed');
    await park(parked, event, {
      functionError: null,
      ...response,
      invokeCount: batch.failures + 1,
    });
    const failures = redeliver[0]?.failures ?? 0;
    if (failures > 0) await shard.pause(failures);
  }

  /**
   * Hands records that are given up to the on-failure destination, trying until it has them.
   *
   * @returns false when the mapping stopped before that
   */
  async function park(
    records: readonly SourceRecord[],
    event: unknown,
    lastFailure?: LastFailure,
  ): Promise<boolean> {
    const [first, ...others] = records;
    if (!first) return true;
    const now = shard.now();
    const { functionArn, uuid: mappingUuid, onFailure } = shard;
    const record = invocationRecord({
      ...{ source, functionArn, shardId, event, now, lastFailure },
      records: [first, ...others],
    });
    const key = invocationRecordKey({ mappingUuid, shardId, now, uuid: randomUUID() });
    const { condition } = record.requestContext;
    const about = { shardId, records: records.length, condition };
    const attempt = async () => {
      await onFailure?.(key, record);
      if (onFailure) log.warn({ ...about, key }, 'records are parked');
      else log.error(about, 'records are dropped: the mapping has no on-failure destination');
      await shard.settle('parked', records);
    };
    return shard.persist(attempt, (error) =>
      log.error({ ...about, error: messageOf(error) }, 'the on-failure destination failed'),
    );
  }

  return {
    push(records: readonly SourceRecord[]): void {
      const readAt = shard.now();
      for (const record of records) {
        buffer.push({ record, readAt });
        shard.waitingBytes += record.bytes;
      }
    },
    /** Runs until the shard is read to its end and all is delivered, or the mapping stops. */
    async run(): Promise<void> {
      while (!stop.aborted) {
        const step = next();
        if (typeof step !== 'number') await deliver(step);
        else if (shard.readToEnd && buffer.length === 0) return;
        else await shard.notifier.wait(step);
      }
    },
  };
}
