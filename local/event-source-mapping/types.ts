import type { Invoke } from '#local/lambda/invocation.ts';
import type { Logger } from '#shared/log.ts';
import type { MappingSettings } from '#shared/settings.ts';
import type { CheckpointStore } from './checkpoints.ts';
import type { Clock } from './clock.ts';
import type { FailureDestination } from './invocation-record.ts';
import type { StreamSource } from './stream-source.ts';

/** What a mapping works with. */
export interface MappingOptions {
  readonly source: StreamSource;
  readonly invoke: Invoke;
  /** Named in invocation records, and part of the mapping's UUID. */
  readonly functionArn: string;
  readonly settings: MappingSettings;
  readonly checkpoints: CheckpointStore;
  /** Where batches go that are given up; without it they are dropped, with a line in the log. */
  readonly onFailure?: FailureDestination;
  readonly clock?: Clock;
  readonly log: Logger;
  /** Milliseconds between reads of a shard that had nothing new; 200 unless given. */
  readonly pollIntervalMs?: number;
  /** Milliseconds between looks for new shards; 1000 unless given. */
  readonly shardSyncMs?: number;
  /** Delay before the second attempt, and the longest delay, milliseconds; 200 and 10,000 unless given. */
  readonly backoff?: { readonly baseMs: number; readonly capMs: number };
}

/** How far a shard is. */
export interface ShardStatus {
  readonly shardId: string;
  /** The last sequence number before which all is settled. */
  readonly checkpoint: string | undefined;
  /** Closed, and wholly processed. */
  readonly ended: boolean;
  /** Records read and not settled yet. */
  readonly unsettled: number;
  /** Age of the oldest record that is read and not settled, milliseconds; 0 where there is none. */
  readonly lagMs: number;
  /** Records acknowledged, and parked, since the mapping started. */
  readonly acknowledged: number;
  readonly parked: number;
  /** Failed deliveries since the mapping started. */
  readonly failures: number;
  /** When the last read that found nothing more began, epoch milliseconds. */
  readonly emptyReadAt: number | undefined;
  /** A tumbling window still awaits its final invocation. */
  readonly windowOpen: boolean;
}

/** How far a mapping is: sums over its shards, the largest lag, and each shard. */
interface MappingLag {
  readonly records: number;
  readonly ms: number;
  readonly shards: readonly ShardStatus[];
}

/** A running event source mapping. */
export interface EventSourceMapping {
  readonly uuid: string;
  lag(): MappingLag;
  /**
   * Whether every record of the stream that had arrived by `since` (epoch milliseconds) is settled: each shard was read to
   * its tip by a read that began after `since`, and nothing is unsettled. Open tumbling windows do not count.
   */
  idle(since?: number): boolean;
  /** Stops reading, gives batches under way `graceMs` (5000 unless given) to settle; what does not is delivered again after a restart. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}
