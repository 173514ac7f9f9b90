import { messageOf } from '#shared/errors.ts';
import type { Checkpoint } from './checkpoints.ts';
import { createNotifier, type MappingContext } from './options.ts';
import type { SourceRecord } from './source.ts';

/**
 * Which records of a shard were read and which are settled, going on after `checkpoint`: lanes settle out of order, a checkpoint
 * covers no gap.
 */
export function createOffsetTracker(checkpoint?: string) {
  const open = new Map<string, { arrivedAt: number; settled: boolean }>();
  let last = checkpoint;
  let unsettled = 0;
  return {
    /** Enters a record, in the order of the shard. */
    enter({ sequenceNumber, arrivedAt }: Pick<SourceRecord, 'sequenceNumber' | 'arrivedAt'>) {
      open.set(sequenceNumber, { arrivedAt, settled: false });
      unsettled += 1;
    },
    settle(records: readonly Pick<SourceRecord, 'sequenceNumber'>[]) {
      for (const { sequenceNumber } of records) {
        const entry = open.get(sequenceNumber);
        if (!entry || entry.settled) continue;
        entry.settled = true;
        unsettled -= 1;
      }
      // A map keeps the order of entry.
      for (const [sequenceNumber, { settled }] of open) {
        if (!settled) break;
        open.delete(sequenceNumber);
        last = sequenceNumber;
      }
    },
    /** The last sequence number before which all are settled. */
    checkpoint: () => last,
    unsettled: () => unsettled,
    /** Arrival of the first record that is not settled. */
    oldestArrival: () => open.values().next().value?.arrivedAt,
  };
}

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
