import { createHash } from 'node:crypto';
import { messageOf } from '#shared/errors.ts';
import type { Checkpoint } from './checkpoints.ts';
import { type MappingContext, sleep } from './options.ts';
import { createShardLane, createShardState } from './shard-lane.ts';

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
}

/** A shard that is being processed. */
export type ShardConsumer = ReturnType<typeof consumeShard>;

const MOST_WAITING_BYTES = 24 * 1024 * 1024;
const SMALLEST_READ = 100;
const LARGEST_READ = 2_000;

/** Deals records out to lanes, each lane in the order of the shard: a key's always to the same one, so that they keep theirs. */
export function assignLanes<T extends { readonly partitionKey: string }>(
  records: readonly T[],
  lanes: number,
): T[][] {
  if (lanes === 1) return [[...records]];
  const dealt: T[][] = Array.from({ length: lanes }, () => []);
  for (const record of records) {
    const digest = createHash('md5').update(record.partitionKey).digest();
    dealt[digest.readUInt32BE(0) % lanes]?.push(record);
  }
  return dealt;
}

/** Processes a shard from where it was: reads it, deals its records out to lanes, and keeps its checkpoint. */
export function consumeShard(context: MappingContext, begun: Omit<Checkpoint, 'ended'>) {
  const { source, log, stop } = context;
  const { batchSize, parallelizationFactor } = context.settings;
  const { shardId, since = 0 } = begun;
  const shard = createShardState(context, begun);
  const { offsets, notifier } = shard;
  const lanes = Array.from({ length: parallelizationFactor }, () => createShardLane(shard));
  const perRead = batchSize * parallelizationFactor;
  const limit = Math.min(LARGEST_READ, Math.max(SMALLEST_READ, perRead));
  let ended = false;

  const hasRoom = () =>
    offsets.unsettled() < 2 * Math.max(limit, perRead) && shard.waitingBytes < MOST_WAITING_BYTES;

  /** Reads as fast as its records are taken; a read that fails is tried again from the record that was read last. */
  async function read(): Promise<void> {
    let after = offsets.checkpoint();
    let iterator: string | undefined;
    const readOnce = async () => {
      iterator ??= await source.getIterator(shardId, after);
      const startedAt = shard.now();
      const { records, next } = await source.getRecords(shardId, iterator, limit);
      iterator = next;
      after = records.at(-1)?.sequenceNumber ?? after;
      const isTip = records.length === 0;
      const wanted = records.filter(({ arrivedAt }) => arrivedAt >= since);
      for (const record of wanted) offsets.enter(record);
      for (const [lane, dealt] of assignLanes(wanted, lanes.length).entries()) {
        lanes[lane]?.push(dealt);
      }
      shard.readToEnd = next === undefined;
      shard.emptyReadAt = isTip ? startedAt : undefined;
      notifier.notify();
      if (isTip && !shard.readToEnd) await sleep(shard.pollIntervalMs, stop);
    };
    const startAnew = (error: unknown, failures: number) => {
      iterator = undefined;
      const name = error instanceof Error ? error.name : '';
      if (name === 'TrimmedDataAccessException') {
        log.warn({ shardId, after }, 'records were trimmed before they were read');
        after = undefined;
      } else if (name !== 'ExpiredIteratorException') {
        log.warn({ shardId, failures, error: messageOf(error) }, 'reading a shard failed');
      }
    };
    while (!stop.aborted && !shard.readToEnd) {
      if (hasRoom()) await shard.persist(readOnce, startAnew);
      else await notifier.wait(Number.POSITIVE_INFINITY);
    }
  }

  async function run(): Promise<boolean> {
    await Promise.all([read(), ...lanes.map((lane) => lane.run())]);
    if (!shard.readToEnd || offsets.unsettled() > 0) return false;
    await shard.save(true);
    ended = true;
    return true;
  }

  return {
    /** Resolves with true when the shard is closed and wholly processed, with false when stopped. */
    done: run(),
    saved: shard.saved,
    status(): ShardStatus {
      const oldest = offsets.oldestArrival();
      return {
        shardId,
        checkpoint: offsets.checkpoint(),
        ended,
        unsettled: offsets.unsettled(),
        lagMs: oldest === undefined ? 0 : Math.max(0, shard.now() - oldest),
        ...shard.counts,
        emptyReadAt: shard.emptyReadAt,
      };
    },
  };
}
