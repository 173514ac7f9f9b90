import { setMaxListeners } from 'node:events';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { createBell } from './bell.ts';
import type { Checkpoint } from './checkpoints.ts';
import { systemClock } from './clock.ts';
import { mappingUuid } from './invocation-record.ts';
import { nextShards, startOf } from './next-shards.ts';
import { consumeShard, type ShardConsumer, type ShardContext } from './shard-consumer.ts';
import type { Shard } from './stream-source.ts';
import type { EventSourceMapping, MappingOptions } from './types.ts';

const DEFAULT_BACKOFF = { baseMs: 200, capMs: 10_000 };

/**
 * Maps a stream to a function as Lambda does: every record is delivered until the function acknowledged it or it was parked.
 *
 * @throws {ConfigurationError} where tumbling windows meet a parallelization factor over 1
 */
export function startEventSourceMapping(options: MappingOptions): EventSourceMapping {
  const { source, settings, log } = options;
  if (settings.tumblingWindowSeconds > 0 && settings.parallelizationFactor > 1) {
    throw new ConfigurationError(
      'mapping.parallelizationFactor must be 1 with tumblingWindowSeconds: a shard has one window state',
    );
  }
  const clock = options.clock ?? systemClock;
  const uuid = mappingUuid(options.functionArn, source.arn);
  const stop = new AbortController();
  const abandon = new AbortController();
  // A few for each shard, and there is no limit on shards.
  setMaxListeners(0, stop.signal);
  const bell = createBell(clock);
  stop.signal.addEventListener('abort', () => bell.ring(), { once: true });

  const consumers = new Map<string, ShardConsumer>();
  const ended = new Set<string>();
  let listed: readonly Shard[] = [];
  let syncedAt: number | undefined;

  function startShard({ shardId }: Shard, checkpoint: Checkpoint | undefined, isNew: boolean) {
    const context: ShardContext = {
      options,
      mappingUuid: uuid,
      shardId,
      clock,
      log,
      backoff: options.backoff ?? DEFAULT_BACKOFF,
      stop: stop.signal,
      abandon: abandon.signal,
    };
    const consumer = consumeShard(context, startOf(checkpoint, isNew, settings), checkpoint);
    consumers.set(shardId, consumer);
    void consumer.done.then((isEnded) => {
      if (!isEnded) return;
      log.info({ shardId }, 'a closed shard is wholly processed');
      ended.add(shardId);
      bell.ring();
    });
  }

  async function followShards(): Promise<void> {
    const loaded = new Map((await options.checkpoints.load()).map((c) => [c.shardId, c]));
    for (const { shardId, ended: isEnded } of loaded.values()) if (isEnded) ended.add(shardId);
    let initial: Set<string> | undefined;
    while (!stop.signal.aborted) {
      try {
        const startedAt = clock.now();
        listed = await source.listShards();
        if (stop.signal.aborted) return;
        initial ??= new Set(loaded.size === 0 ? listed.map(({ shardId }) => shardId) : []);
        for (const shard of nextShards(listed, ended, new Set(consumers.keys()))) {
          startShard(shard, loaded.get(shard.shardId), initial.has(shard.shardId));
        }
        syncedAt = startedAt;
      } catch (error) {
        log.warn({ stream: source.arn, error: messageOf(error) }, 'listing shards failed');
      }
      await bell.wait(options.shardSyncMs ?? 1_000);
    }
  }

  const following = followShards();
  following.catch((error: unknown) =>
    log.error({ stream: source.arn, error: messageOf(error) }, 'the mapping cannot start'),
  );

  return {
    uuid,
    lag() {
      const shards = [...consumers.values()].map((consumer) => consumer.status());
      return {
        records: shards.reduce((sum, { unsettled }) => sum + unsettled, 0),
        ms: Math.max(0, ...shards.map(({ lagMs }) => lagMs)),
        shards,
      };
    },
    idle(since = 0) {
      if (syncedAt === undefined || syncedAt < since) return false;
      return listed.every(({ shardId }) => {
        if (ended.has(shardId)) return true;
        const status = consumers.get(shardId)?.status();
        return status?.unsettled === 0 && (status.emptyReadAt ?? -1) >= since;
      });
    },
    async close({ graceMs = 5_000 } = {}) {
      if (abandon.signal.aborted) return;
      stop.abort();
      const settled = Promise.all([
        following.catch(() => undefined),
        ...[...consumers.values()].map(({ done }) => done),
      ]);
      const waiting = new AbortController();
      await Promise.race([settled, clock.sleep(graceMs, waiting.signal)]);
      waiting.abort();
      abandon.abort();
    },
  };
}
