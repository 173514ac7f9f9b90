import { createHash } from 'node:crypto';
import type { Checkpoint } from './checkpoints.ts';
import { createShardLane } from './shard-lane.ts';
import { readShard } from './shard-reader.ts';
import { createShardState } from './shard-state.ts';
import type { ShardContext, ShardStatus } from './types.ts';

/** A shard that is being processed. */
export interface ShardConsumer {
  status(): ShardStatus;
  /** Resolves with true when the shard is closed and wholly processed, with false when stopped. */
  readonly done: Promise<boolean>;
}

const MOST_BUFFERED_BYTES = 24 * 1024 * 1024;
const SMALLEST_READ = 100;
const LARGEST_READ = 2_000;

/** The lane of a partition key, 0 to `lanes` - 1: always the same one, so that a key's records keep their order. */
function laneOf(partitionKey: string, lanes: number): number {
  if (lanes === 1) return 0;
  return createHash('md5').update(partitionKey).digest().readUInt32BE(0) % lanes;
}

/** Deals records out to lanes, each lane in the order of the shard. */
export function assignLanes<T extends { readonly partitionKey: string }>(
  records: readonly T[],
  lanes: number,
): T[][] {
  const dealt: T[][] = Array.from({ length: lanes }, () => []);
  for (const record of records) dealt[laneOf(record.partitionKey, lanes)]?.push(record);
  return dealt;
}

/** Processes a shard from where it was: reads it, deals its records out to lanes, and keeps its checkpoint. */
export function consumeShard(
  context: ShardContext,
  begun: Omit<Checkpoint, 'ended'>,
): ShardConsumer {
  const { batchSize, parallelizationFactor } = context.settings;
  const shard = createShardState(context, begun);
  const { offsets } = shard;
  const lanes = Array.from({ length: parallelizationFactor }, () => createShardLane(shard));
  const perRead = batchSize * parallelizationFactor;
  const limit = Math.min(LARGEST_READ, Math.max(SMALLEST_READ, perRead));
  let ended = false;

  async function run(): Promise<boolean> {
    const reading = readShard(shard, {
      since: begun.since ?? 0,
      limit,
      hasRoom: () =>
        offsets.unsettled() < 2 * Math.max(limit, perRead) &&
        lanes.reduce((sum, lane) => sum + lane.bytes(), 0) < MOST_BUFFERED_BYTES,
      take(records) {
        for (const record of records) offsets.enter(record);
        const dealt = assignLanes(records, lanes.length);
        for (const [index, lane] of lanes.entries()) lane.push(dealt[index] ?? []);
      },
    });
    await Promise.all([reading, ...lanes.map((lane) => lane.run())]);
    if (!shard.readToEnd || offsets.unsettled() > 0 || shard.window) return false;
    await shard.save(true);
    ended = true;
    return true;
  }

  return {
    done: run(),
    status() {
      const oldest = offsets.oldestArrival();
      return {
        shardId: shard.shardId,
        checkpoint: offsets.checkpoint(),
        ended,
        unsettled: offsets.unsettled(),
        lagMs: oldest === undefined ? 0 : Math.max(0, shard.now() - oldest),
        ...shard.counts,
        emptyReadAt: shard.emptyReadAt,
        windowOpen: shard.window !== undefined,
      };
    },
  };
}
