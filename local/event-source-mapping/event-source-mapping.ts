import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '#shared/errors.ts';
import { createMappingContext, createNotifier, type MappingOptions } from './options.ts';
import { consumeShard, type ShardConsumer, type ShardStatus } from './shard-consumer.ts';
import type { SourceShard } from './source.ts';

/** A running event source mapping. */
export type EventSourceMapping = ReturnType<typeof startEventSourceMapping>;

/** Shards to start on: those neither ended nor running whose listed parents are wholly processed. */
export function nextShards(
  shards: readonly SourceShard[],
  ended: ReadonlySet<string>,
  running: { has(shardId: string): boolean },
): SourceShard[] {
  const listed = new Set(shards.map(({ shardId }) => shardId));
  return shards.filter(
    ({ shardId, parentIds }) =>
      !ended.has(shardId) &&
      !running.has(shardId) &&
      parentIds.every((parent) => !listed.has(parent) || ended.has(parent)),
  );
}

/**
 * Maps a stream to a function as Lambda does: every record is delivered until the function acknowledged it or it was parked.
 *
 * @throws {ConfigurationError} where a setting is wrong
 */
export function startEventSourceMapping(options: MappingOptions) {
  const context = createMappingContext(options);
  const { source, checkpoints, settings, log, now, stop } = context;
  const notifier = createNotifier(stop);

  // The moment from which on records are for a new mapping at `LATEST`, as exactly as the stream knows moments.
  const resolutionMs = source.kind === 'dynamodb' ? 1_000 : 1;
  const madeAt = Math.floor(now() / resolutionMs) * resolutionMs;
  const consumers = new Map<string, ShardConsumer>();
  const ended = new Set<string>();
  let listed: readonly SourceShard[] = [];
  let syncedAt: number | undefined;

  async function followShards(): Promise<void> {
    const kept = new Map((await checkpoints.load()).map((one) => [one.shardId, one]));
    for (const one of kept.values()) if (one.ended) ended.add(one.shardId);
    const isNew = settings.startingPosition === 'LATEST' && kept.size === 0;
    const known = [...kept.values()].find((one) => one.since !== undefined)?.since;
    const since = isNew ? madeAt : known;

    const sync = async () => {
      const startedAt = now();
      listed = await source.listShards();
      // Before anything is read: a shard that cannot be read yet, or a restart before the first record, then skips nothing.
      if (syncedAt === undefined && isNew) {
        for (const { shardId } of listed) await checkpoints.save({ shardId, ended: false, since });
      }
      if (stop.aborted) return;
      for (const { shardId } of nextShards(listed, ended, consumers)) {
        const consumer = consumeShard(context, { shardId, since, ...kept.get(shardId) });
        consumers.set(shardId, consumer);
        void consumer.done.then((isEnded) => {
          if (!isEnded) return;
          log.info({ shardId }, 'a closed shard is wholly processed');
          ended.add(shardId);
          notifier.notify();
        });
      }
      syncedAt = startedAt;
    };
    while (!stop.aborted) {
      await context.persist(sync, (error, failures) => {
        const about = { stream: source.arn, failures, error: messageOf(error) };
        log.warn(about, 'listing shards failed');
      });
      await notifier.wait(context.shardSyncMs);
    }
  }

  const following = followShards().catch((error: unknown) =>
    log.error({ stream: source.arn, error: messageOf(error) }, 'the mapping cannot start'),
  );

  return {
    uuid: context.uuid,
    /** How far it is: records that wait and were acknowledged, summed over its shards, the largest lag, and each shard. */
    lag() {
      const shards: readonly ShardStatus[] = [...consumers.values()].map((consumer) =>
        consumer.status(),
      );
      return {
        records: shards.reduce((sum, { unsettled }) => sum + unsettled, 0),
        acknowledged: shards.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
        ms: Math.max(0, ...shards.map(({ lagMs }) => lagMs)),
        shards,
      };
    },
    /**
     * Whether every record of the stream that had arrived by `since` (epoch milliseconds) is settled: each shard was read to
     * its tip by a read that began after `since`, and nothing is unsettled.
     */
    idle(since = 0): boolean {
      if (syncedAt === undefined || syncedAt < since) return false;
      return listed.every(({ shardId }) => {
        if (ended.has(shardId)) return true;
        const status = consumers.get(shardId)?.status();
        return status?.unsettled === 0 && (status.emptyReadAt ?? -1) >= since;
      });
    },
    /** Stops reading, gives batches under way `graceMs` (5000 unless given) to settle; what does not is delivered again after a restart. */
    async close({ graceMs = 5_000 } = {}): Promise<void> {
      context.stopping.abort();
      const settled = Promise.all([following, ...[...consumers.values()].map(({ done }) => done)]);
      await Promise.race([settled, delay(graceMs, undefined, { ref: false })]);
      context.abandoning.abort();
      await Promise.all([...consumers.values()].map((consumer) => consumer.saved()));
    },
  };
}
