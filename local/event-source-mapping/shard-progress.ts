import { messageOf } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import type { Checkpoint, CheckpointStore } from './checkpoints.ts';
import { createLedger } from './ledger.ts';
import type { StreamRecord } from './stream-source.ts';
import type { OpenWindow } from './tumbling-window.ts';

/** What is settled of a shard, and its open tumbling window: kept in memory, and in the checkpoint store as it changes. */
export interface ShardProgress {
  readonly ledger: ReturnType<typeof createLedger>;
  window: OpenWindow | undefined;
  readonly counts: { acknowledged: number; parked: number; failures: number };
  acknowledge(records: readonly StreamRecord[]): void;
  park(records: readonly StreamRecord[]): void;
  /** Keeps what is settled by now; resolves when a killed process finds it again. */
  save(ended?: boolean): Promise<void>;
}

/** The progress of a shard, going on from its checkpoint. */
export function createShardProgress(options: {
  shardId: string;
  checkpoint: Checkpoint | undefined;
  checkpoints: CheckpointStore;
  log: Logger;
}): ShardProgress {
  const { shardId, checkpoint, checkpoints, log } = options;
  const ledger = createLedger(checkpoint?.sequenceNumber);
  const counts = { acknowledged: 0, parked: 0, failures: 0 };
  let saving = Promise.resolve();
  const progress: ShardProgress = {
    ledger,
    window: checkpoint?.window && {
      start: checkpoint.window.start,
      state: checkpoint.window.state,
    },
    counts,
    acknowledge(records) {
      ledger.settle(records);
      counts.acknowledged += records.length;
    },
    park(records) {
      ledger.settle(records);
      counts.parked += records.length;
    },
    save(ended = false) {
      saving = saving.then(async () => {
        const sequenceNumber = ledger.checkpoint();
        try {
          await checkpoints.save({
            shardId,
            ended,
            ...(sequenceNumber !== undefined && { sequenceNumber }),
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
