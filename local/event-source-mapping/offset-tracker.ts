import { messageOf } from '#shared/errors.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { StreamRecord } from './stream-source.ts';
import type { OpenWindow } from './tumbling-window.ts';
import type { ShardContext } from './types.ts';

/** Which records of a shard were read and which are settled: lanes settle out of order, a checkpoint covers no gap. */
export interface OffsetTracker {
  /** Enters a record, in the order of the shard. */
  enter(record: { readonly sequenceNumber: string; readonly arrivedAt: number }): void;
  /** Strikes records off. */
  settle(records: readonly { readonly sequenceNumber: string }[]): void;
  /** The last sequence number before which all are settled. */
  checkpoint(): string | undefined;
  /** Records that are entered and not struck off. */
  unsettled(): number;
  /** Arrival of the first of them. */
  oldestArrival(): number | undefined;
}

/** A tracker that goes on after `checkpoint`. */
export function createOffsetTracker(checkpoint?: string): OffsetTracker {
  const open = new Map<string, { arrivedAt: number; settled: boolean }>();
  let last = checkpoint;
  let unsettled = 0;
  return {
    enter({ sequenceNumber, arrivedAt }) {
      open.set(sequenceNumber, { arrivedAt, settled: false });
      unsettled += 1;
    },
    settle(records) {
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
    checkpoint: () => last,
    unsettled: () => unsettled,
    oldestArrival: () => open.values().next().value?.arrivedAt,
  };
}

/** What is settled of a shard, and its open tumbling window: kept in memory, and in the checkpoint store as it changes. */
export interface ShardProgress {
  readonly offsets: OffsetTracker;
  window: OpenWindow | undefined;
  readonly counts: { acknowledged: number; parked: number; failures: number };
  /** Strikes off what the function acknowledged, or what was given up. */
  settle(as: 'acknowledged' | 'parked', records: readonly StreamRecord[]): void;
  /** Keeps what is settled by now; resolves when a killed process finds it again. */
  save(ended?: boolean): Promise<void>;
}

/** The progress of a shard, going on from its checkpoint. */
export function createShardProgress(
  { shardId, log, options: { checkpoints } }: ShardContext,
  begun: Omit<Checkpoint, 'ended'>,
): ShardProgress {
  const offsets = createOffsetTracker(begun.sequenceNumber);
  const counts = { acknowledged: 0, parked: 0, failures: 0 };
  let saving = Promise.resolve();
  const progress: ShardProgress = {
    offsets,
    window: begun.window && { start: begun.window.start, state: begun.window.state },
    counts,
    settle(as, records) {
      offsets.settle(records);
      counts[as] += records.length;
    },
    save(ended = false) {
      saving = saving.then(async () => {
        const sequenceNumber = offsets.checkpoint();
        try {
          await checkpoints.save({
            shardId,
            ended,
            ...(sequenceNumber !== undefined && { sequenceNumber }),
            ...(begun.since !== undefined && { since: begun.since }),
            ...(progress.window && { window: progress.window }),
          });
        } catch (error) {
          // The records are settled; at worst they are delivered again after a restart.
          log.error({ shardId, error: messageOf(error) }, 'a checkpoint could not be kept');
        }
      });
      return saving;
    },
  };
  return progress;
}
