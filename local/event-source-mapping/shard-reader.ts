import { messageOf } from '#shared/errors.ts';
import type { ShardState } from './shard-state.ts';
import type { StreamRecord } from './stream-source.ts';
import { sleep } from './waiting.ts';

/**
 * Reads a shard after its checkpoint, as fast as its records are taken, until its end or until the mapping stops. A read that
 * fails is tried again from the record that was read last, so that nothing is passed over.
 *
 * @param into.since epoch milliseconds: what had arrived before is passed over
 */
export async function readShard(
  shard: ShardState,
  into: {
    readonly since: number;
    readonly limit: number;
    hasRoom(): boolean;
    take(records: readonly StreamRecord[]): void;
  },
): Promise<void> {
  const { source, shardId, log, stop, notifier } = shard;
  let after = shard.offsets.checkpoint();
  let iterator: string | undefined;
  let failures = 0;
  while (!stop.aborted && !shard.readToEnd) {
    if (!into.hasRoom()) {
      await notifier.wait(Number.POSITIVE_INFINITY);
      continue;
    }
    try {
      iterator ??= await source.getIterator(shardId, after);
      const startedAt = shard.now();
      const { records, next } = await source.getRecords(shardId, iterator, into.limit);
      failures = 0;
      iterator = next;
      after = records.at(-1)?.sequenceNumber ?? after;
      const isTip = records.length === 0;
      into.take(records.filter(({ arrivedAt }) => arrivedAt >= into.since));
      shard.readToEnd = next === undefined;
      shard.emptyReadAt = isTip ? startedAt : undefined;
      notifier.notify();
      if (isTip && !shard.readToEnd) await sleep(shard.pollIntervalMs, stop);
    } catch (error) {
      iterator = undefined;
      failures += 1;
      const name = error instanceof Error ? error.name : '';
      if (name === 'TrimmedDataAccessException') {
        log.warn({ shardId, after }, 'records were trimmed before they were read');
        after = undefined;
      } else if (name !== 'ExpiredIteratorException') {
        log.warn({ shardId, failures, error: messageOf(error) }, 'reading a shard failed');
      }
      await shard.pause(failures);
    }
  }
}
