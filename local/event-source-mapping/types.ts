import type { Invoke } from '#local/lambda/invocation.ts';
import type { CheckpointStore } from './checkpoints.ts';
import type { FailureDestination } from './invocation-record.ts';
import type { StreamSource } from './stream-source.ts';
import type { BackoffLimits } from './waiting.ts';

export type { InvocationRecord } from './invocation-record.ts';

/** How a stream is mapped to a function; the names are Lambda's, times are seconds. */
export interface MappingSettings {
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly parallelizationFactor: number;
  /** Where a new mapping begins; `LATEST` is the moment at which it is made. */
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly bisectOnError: boolean;
  /** -1 retries until the record expires. */
  readonly maximumRetryAttempts: number;
  /** -1 never gives up for age. */
  readonly maximumRecordAgeSeconds: number;
  /** 0 delivers plain batches. */
  readonly tumblingWindowSeconds: number;
}

/** Where a mapping says what it does; pino's loggers and `console` are such. */
export type MappingLog = Record<
  'debug' | 'info' | 'warn' | 'error',
  (fields: object, message: string) => void
>;

/** What a mapping works with. */
export interface MappingOptions {
  readonly source: StreamSource;
  readonly invoke: Invoke;
  /** Named in invocation records, and part of the mapping's UUID. */
  readonly functionArn: string;
  readonly settings: MappingSettings;
  readonly checkpoints: CheckpointStore;
  /** Where batches go that are given up; without it they are dropped, with a line in the log. */
  readonly onFailure?: FailureDestination | undefined;
  readonly log: MappingLog;
  /** The time, epoch milliseconds. */
  readonly now?: () => number;
  /** Milliseconds between reads of a shard that had nothing new; 200 unless given. */
  readonly pollIntervalMs?: number;
  /** Milliseconds between looks for new shards; 1000 unless given. */
  readonly shardSyncMs?: number;
  /** Delay before the second attempt, and the longest delay, milliseconds; 200 and 10,000 unless given. */
  readonly backoff?: BackoffLimits;
}

/** What everything that works on a shard needs. */
export interface ShardContext extends MappingOptions {
  readonly mappingUuid: string;
  readonly now: () => number;
  readonly pollIntervalMs: number;
  /** Fires when the mapping begins to close. */
  readonly stop: AbortSignal;
  /** Fires when it no longer waits for invocations under way. */
  readonly abandon: AbortSignal;
  /** Waits before the next attempt, after so many failures in a row. */
  pause(failures: number): Promise<void>;
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

/** A running event source mapping. */
export interface EventSourceMapping {
  readonly uuid: string;
  /** How far it is: sums over its shards, the largest lag, and each shard. */
  lag(): { readonly records: number; readonly ms: number; readonly shards: readonly ShardStatus[] };
  /**
   * Whether every record of the stream that had arrived by `since` (epoch milliseconds) is settled: each shard was read to
   * its tip by a read that began after `since`, and nothing is unsettled. Open tumbling windows do not count.
   */
  idle(since?: number): boolean;
  /** Stops reading, gives batches under way `graceMs` (5000 unless given) to settle; what does not is delivered again after a restart. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}
