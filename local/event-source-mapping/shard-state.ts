import { messageOf } from '#shared/errors.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { StreamRecord } from './stream-source.ts';
import type { ShardContext } from './types.ts';
import { createNotifier } from './waiting.ts';

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
    enter({ sequenceNumber, arrivedAt }: Pick<StreamRecord, 'sequenceNumber' | 'arrivedAt'>) {
      open.set(sequenceNumber, { arrivedAt, settled: false });
      unsettled += 1;
    },
    /** Strikes records off. */
    settle(records: readonly Pick<StreamRecord, 'sequenceNumber'>[]) {
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
    /** Records that are entered and not struck off. */
    unsettled: () => unsettled,
    /** Arrival of the first of them. */
    oldestArrival: () => open.values().next().value?.arrivedAt,
  };
}

/** A shard that is being processed: what its reader and its lanes know of it, kept in the checkpoint store as it changes. */
export type ShardState = ReturnType<typeof createShardState>;

/** The state of a shard, going on from its checkpoint. */
export function createShardState(context: ShardContext, begun: Omit<Checkpoint, 'ended'>) {
  const { shardId, since } = begun;
  const { checkpoints, log } = context;
  const offsets = createOffsetTracker(begun.sequenceNumber);
  let saving = Promise.resolve();
  async function keep(ended: boolean): Promise<void> {
    const sequenceNumber = offsets.checkpoint();
    const { window } = state;
    try {
      await checkpoints.save({
        ...{ shardId, ended },
        ...(sequenceNumber !== undefined && { sequenceNumber }),
        ...(since !== undefined && { since }),
        ...(window && { window }),
      });
    } catch (error) {
      // The records are settled; at worst they are delivered again after a restart.
      log.error({ shardId, error: messageOf(error) }, 'a checkpoint could not be kept');
    }
  }
  const state = {
    ...context,
    shardId,
    offsets,
    /** Notified when records were read or settled. */
    notifier: createNotifier(context.stop),
    /** The tumbling window that is open. */
    window: begun.window,
    /** Nothing will be read any more: it is closed. */
    readToEnd: false,
    /** When the last read that found nothing more began, epoch milliseconds. */
    emptyReadAt: undefined as number | undefined,
    counts: { acknowledged: 0, parked: 0, failures: 0 },
    /** Strikes off what the function acknowledged, or what was given up. */
    async settle(as: 'acknowledged' | 'parked', records: readonly StreamRecord[]): Promise<void> {
      if (records.length === 0) return;
      offsets.settle(records);
      state.counts[as] += records.length;
      await state.save();
      state.notifier.notify();
    },
    /** Keeps what is settled by now; resolves when a killed process finds it again. */
    save(ended = false): Promise<void> {
      saving = saving.then(() => keep(ended));
      return saving;
    },
  };
  return state;
}
