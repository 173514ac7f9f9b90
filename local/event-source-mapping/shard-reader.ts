import { messageOf } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import { backoffMs } from './backoff.ts';
import type { Bell } from './bell.ts';
import type { Clock } from './clock.ts';
import { readFault } from './read-fault.ts';
import type { ShardPosition, StreamRecord, StreamSource } from './stream-source.ts';

/** What a shard is read with. */
export interface ShardReaderOptions {
  readonly source: StreamSource;
  readonly shardId: string;
  readonly position: ShardPosition;
  readonly limit: number;
  readonly pollIntervalMs: number;
  readonly backoff: { readonly baseMs: number; readonly capMs: number };
  readonly clock: Clock;
  readonly log: Logger;
  readonly stop: AbortSignal;
  /** Rung when there may be room again. */
  readonly bell: Bell;
  hasRoom(): boolean;
  take(records: readonly StreamRecord[]): void;
  /** A read that began at `startedAt` found nothing more. */
  reachedTip(startedAt: number): void;
}

/**
 * Reads a shard from a position on, as fast as its records are taken.
 *
 * @returns true at the end of a closed shard, false when stopped
 */
export async function readShard(options: ShardReaderOptions): Promise<boolean> {
  const { source, shardId, clock, log, stop } = options;
  let { position } = options;
  let iterator: string | undefined;
  let failures = 0;
  while (!stop.aborted) {
    if (!options.hasRoom()) {
      await options.bell.wait(Number.POSITIVE_INFINITY);
      continue;
    }
    try {
      iterator ??= await source.getIterator(shardId, position);
      const startedAt = clock.now();
      const { records, next } = await source.getRecords(shardId, iterator, options.limit);
      failures = 0;
      iterator = next;
      const last = records.at(-1);
      if (last) {
        position = { after: last.sequenceNumber };
        options.take(records);
      }
      if (next === undefined) return true;
      if (!last) {
        options.reachedTip(startedAt);
        await clock.sleep(options.pollIntervalMs, stop);
      }
    } catch (error) {
      iterator = undefined;
      failures += 1;
      if (readFault(error) === 'trimmed') {
        log.warn({ shardId, position }, 'records were trimmed before they were read');
        position = 'TRIM_HORIZON';
      } else if (readFault(error) === 'transient') {
        log.warn({ shardId, failures, error: messageOf(error) }, 'reading a shard failed');
        await clock.sleep(backoffMs(failures, options.backoff, clock.random()), stop);
      }
    }
  }
  return false;
}
