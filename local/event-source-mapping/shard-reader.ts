import { messageOf } from '#shared/errors.ts';
import { backoffMs, type Notifier } from './clock.ts';
import type { ShardPosition, StreamRecord } from './stream-source.ts';
import type { ShardContext } from './types.ts';

const POLL_INTERVAL_MS = 200;

/** What a shard is read with. */
export interface ShardReaderOptions {
  readonly position: ShardPosition;
  /** Epoch milliseconds: what had arrived before is passed over. */
  readonly since: number;
  readonly limit: number;
  /** Notified when there may be room again. */
  readonly notifier: Notifier;
  hasRoom(): boolean;
  take(records: readonly StreamRecord[]): void;
  /** A read that began at `startedAt` found nothing more. */
  reachedTip(startedAt: number): void;
}

/**
 * Reads a shard from a position on, as fast as its records are taken. A read that fails is tried again from the record that
 * was read last, so that nothing is passed over.
 *
 * @returns true at the end of a closed shard, false when stopped
 */
export async function readShard(
  context: ShardContext,
  options: ShardReaderOptions,
): Promise<boolean> {
  const { shardId, clock, log, stop } = context;
  const { source, pollIntervalMs = POLL_INTERVAL_MS } = context.options;
  let { position } = options;
  let iterator: string | undefined;
  let failures = 0;
  while (!stop.aborted) {
    if (!options.hasRoom()) {
      await options.notifier.wait(Number.POSITIVE_INFINITY);
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
        options.take(records.filter(({ arrivedAt }) => arrivedAt >= options.since));
      }
      if (next === undefined) return true;
      if (!last) {
        options.reachedTip(startedAt);
        await clock.sleep(pollIntervalMs, stop);
      }
    } catch (error) {
      iterator = undefined;
      failures += 1;
      const name = error instanceof Error ? error.name : '';
      if (name === 'TrimmedDataAccessException') {
        log.warn({ shardId, position }, 'records were trimmed before they were read');
        position = 'TRIM_HORIZON';
      } else if (name !== 'ExpiredIteratorException' || failures > 1) {
        log.warn({ shardId, failures, error: messageOf(error) }, 'reading a shard failed');
      }
      // The first time a new iterator helps; whatever comes again passes with time.
      const isMended = /^(ExpiredIterator|TrimmedDataAccess)/.test(name) && failures === 1;
      if (!isMended) await clock.sleep(backoffMs(failures, context.backoff, clock.random()), stop);
    }
  }
  return false;
}
