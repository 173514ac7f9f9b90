import type { Logger } from '#shared/log.ts';
import { assignPartitions } from './assign-partitions.ts';
import { createBell } from './bell.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { Clock } from './clock.ts';
import { createLane, type Lane } from './lane.ts';
import { createShardProgress } from './shard-progress.ts';
import { readShard } from './shard-reader.ts';
import type { ShardPosition } from './stream-source.ts';
import type { MappingOptions, ShardStatus } from './types.ts';

/** What everything that works on a shard needs. */
export interface ShardContext {
  readonly options: MappingOptions;
  readonly mappingUuid: string;
  readonly shardId: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backoff: { readonly baseMs: number; readonly capMs: number };
  /** Fires when the mapping begins to close. */
  readonly stop: AbortSignal;
  /** Fires when it no longer waits for invocations under way. */
  readonly abandon: AbortSignal;
}

/** A shard that is being processed. */
export interface ShardConsumer {
  status(): ShardStatus;
  /** Resolves with true when the shard is closed and wholly processed, with false when stopped. */
  readonly done: Promise<boolean>;
}

const MOST_BUFFERED_BYTES = 24 * 1024 * 1024;
const SMALLEST_READ = 100;
const LARGEST_READ = 2_000;

/** Processes a shard: reads it, deals its records out to lanes, and keeps its checkpoint. */
export function consumeShard(
  context: ShardContext,
  position: ShardPosition,
  checkpoint: Checkpoint | undefined,
): ShardConsumer {
  const { options, shardId, clock, log, stop } = context;
  const { settings } = options;
  const bell = createBell(clock);
  const wake = () => bell.ring();
  stop.addEventListener('abort', wake, { once: true });
  const progress = createShardProgress({
    shardId,
    checkpoint,
    checkpoints: options.checkpoints,
    log,
  });
  const shard = { readToEnd: false, emptyReadAt: undefined as number | undefined, ended: false };
  const lanes: Lane[] = Array.from({ length: settings.parallelizationFactor }, () =>
    createLane({ context, progress, bell, shard }),
  );
  const perRead = settings.batchSize * settings.parallelizationFactor;
  const limit = Math.min(LARGEST_READ, Math.max(SMALLEST_READ, perRead));

  async function read(): Promise<void> {
    shard.readToEnd = await readShard({
      ...context,
      source: options.source,
      position,
      limit,
      pollIntervalMs: options.pollIntervalMs ?? 200,
      bell,
      hasRoom: () =>
        progress.ledger.unsettled() < 2 * Math.max(limit, perRead) &&
        lanes.reduce((sum, lane) => sum + lane.bytes(), 0) < MOST_BUFFERED_BYTES,
      take(records) {
        for (const record of records) progress.ledger.enter(record);
        const dealt = assignPartitions(records, lanes.length);
        for (const [index, lane] of lanes.entries()) lane.push(dealt[index] ?? []);
        shard.emptyReadAt = undefined;
        bell.ring();
      },
      reachedTip(startedAt) {
        shard.emptyReadAt = startedAt;
        bell.ring();
      },
    });
    bell.ring();
  }

  async function run(): Promise<boolean> {
    await Promise.all([read(), ...lanes.map((lane) => lane.run())]);
    stop.removeEventListener('abort', wake);
    if (!shard.readToEnd || progress.ledger.unsettled() > 0 || progress.window) return false;
    await progress.save(true);
    shard.ended = true;
    return true;
  }

  return {
    done: run(),
    status() {
      const oldest = progress.ledger.oldestArrival();
      return {
        shardId,
        checkpoint: progress.ledger.checkpoint(),
        ended: shard.ended,
        unsettled: progress.ledger.unsettled(),
        lagMs: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest),
        ...progress.counts,
        emptyReadAt: shard.emptyReadAt,
        windowOpen: progress.window !== undefined,
      };
    },
  };
}
