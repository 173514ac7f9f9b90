import { createHash } from 'node:crypto';
import type { Checkpoint } from './checkpoints.ts';
import { createNotifier } from './clock.ts';
import { createShardProgress } from './offset-tracker.ts';
import { createShardLane, type ShardLane } from './shard-lane.ts';
import { readShard } from './shard-reader.ts';
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
  const { options, shardId, clock, stop } = context;
  const { settings } = options;
  const notifier = createNotifier(clock);
  const wake = () => notifier.notify();
  stop.addEventListener('abort', wake, { once: true });
  const progress = createShardProgress(context, begun);
  const { offsets } = progress;
  const shard = { readToEnd: false, emptyReadAt: undefined as number | undefined, ended: false };
  const lanes: ShardLane[] = Array.from({ length: settings.parallelizationFactor }, () =>
    createShardLane({ context, progress, notifier, shard }),
  );
  const perRead = settings.batchSize * settings.parallelizationFactor;
  const limit = Math.min(LARGEST_READ, Math.max(SMALLEST_READ, perRead));

  async function read(): Promise<void> {
    shard.readToEnd = await readShard(context, {
      position:
        begun.sequenceNumber === undefined ? 'TRIM_HORIZON' : { after: begun.sequenceNumber },
      since: begun.since ?? 0,
      limit,
      notifier,
      hasRoom: () =>
        offsets.unsettled() < 2 * Math.max(limit, perRead) &&
        lanes.reduce((sum, lane) => sum + lane.bytes(), 0) < MOST_BUFFERED_BYTES,
      take(records) {
        for (const record of records) offsets.enter(record);
        const dealt = assignLanes(records, lanes.length);
        for (const [index, lane] of lanes.entries()) lane.push(dealt[index] ?? []);
        shard.emptyReadAt = undefined;
        notifier.notify();
      },
      reachedTip(startedAt) {
        shard.emptyReadAt = startedAt;
        notifier.notify();
      },
    });
    notifier.notify();
  }

  async function run(): Promise<boolean> {
    await Promise.all([read(), ...lanes.map((lane) => lane.run())]);
    stop.removeEventListener('abort', wake);
    if (!shard.readToEnd || offsets.unsettled() > 0 || progress.window) return false;
    await progress.save(true);
    shard.ended = true;
    return true;
  }

  return {
    done: run(),
    status() {
      const oldest = offsets.oldestArrival();
      return {
        shardId,
        checkpoint: offsets.checkpoint(),
        ended: shard.ended,
        unsettled: offsets.unsettled(),
        lagMs: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest),
        ...progress.counts,
        emptyReadAt: shard.emptyReadAt,
        windowOpen: progress.window !== undefined,
      };
    },
  };
}
