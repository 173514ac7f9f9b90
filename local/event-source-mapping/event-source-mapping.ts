import { setMaxListeners } from 'node:events';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import type { Checkpoint } from './checkpoints.ts';
import { mappingUuid } from './invocation-record.ts';
import { consumeShard, type ShardConsumer } from './shard-consumer.ts';
import type { Shard } from './stream-source.ts';
import type { EventSourceMapping, MappingOptions, ShardContext } from './types.ts';
import { backoffMs, createNotifier, sleep } from './waiting.ts';

const defaults = {
  now: Date.now,
  backoff: { baseMs: 200, capMs: 10_000 },
  pollIntervalMs: 200,
  shardSyncMs: 1_000,
};

/** Shards to start on: those neither ended nor running whose listed parents are wholly processed. */
export function nextShards(
  shards: readonly Shard[],
  ended: ReadonlySet<string>,
  running: ReadonlySet<string>,
): Shard[] {
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
 * @throws {ConfigurationError} where tumbling windows meet a parallelization factor over 1
 */
export function startEventSourceMapping(given: MappingOptions): EventSourceMapping {
  const options = { ...defaults, ...given };
  const { source, settings, checkpoints, log, now } = options;
  if (settings.tumblingWindowSeconds > 0 && settings.parallelizationFactor > 1) {
    throw new ConfigurationError(
      'mapping.parallelizationFactor must be 1 with tumblingWindowSeconds: a shard has one window state',
    );
  }
  const uuid = mappingUuid(options.functionArn, source.arn);
  const stop = new AbortController();
  const abandon = new AbortController();
  // A few for each shard, and there is no limit on shards.
  setMaxListeners(0, stop.signal);
  const notifier = createNotifier(stop.signal);
  const backoff = (failures: number) => backoffMs(failures, options.backoff, Math.random());
  const context: ShardContext = {
    ...options,
    mappingUuid: uuid,
    stop: stop.signal,
    abandon: abandon.signal,
    pause: (failures) => sleep(backoff(failures), stop.signal),
  };

  const resolutionMs = source.kind === 'dynamodb' ? 1_000 : 1;
  const madeAt = Math.floor(now() / resolutionMs) * resolutionMs;
  const consumers = new Map<string, ShardConsumer>();
  const ended = new Set<string>();
  let listed: readonly Shard[] = [];
  let syncedAt: number | undefined;

  function startShard(begun: Omit<Checkpoint, 'ended'>) {
    const { shardId } = begun;
    const consumer = consumeShard(context, begun);
    consumers.set(shardId, consumer);
    void consumer.done.then((isEnded) => {
      if (!isEnded) return;
      log.info({ shardId }, 'a closed shard is wholly processed');
      ended.add(shardId);
      notifier.notify();
    });
  }

  /**
   * The moment from which on records are for this mapping, where it begins at `LATEST`. It is written down before anything is
   * read: a shard that cannot be read yet, or a restart before the first record, then skips nothing.
   */
  async function keepBeginning(
    kept: ReadonlyMap<string, Checkpoint>,
    shards: readonly Shard[],
  ): Promise<number | undefined> {
    if (settings.startingPosition !== 'LATEST') return undefined;
    const known = [...kept.values()].find((checkpoint) => checkpoint.since !== undefined)?.since;
    if (known !== undefined || kept.size > 0) return known;
    for (const { shardId } of shards) {
      await checkpoints.save({ shardId, ended: false, since: madeAt });
    }
    return madeAt;
  }

  async function followShards(): Promise<void> {
    const kept = new Map((await checkpoints.load()).map((one) => [one.shardId, one]));
    for (const { shardId, ended: isEnded } of kept.values()) if (isEnded) ended.add(shardId);
    let since: number | undefined;
    let failures = 0;
    while (!stop.signal.aborted) {
      try {
        const startedAt = now();
        listed = await source.listShards();
        if (syncedAt === undefined) since = await keepBeginning(kept, listed);
        if (stop.signal.aborted) return;
        for (const { shardId } of nextShards(listed, ended, new Set(consumers.keys()))) {
          startShard({ shardId, ...(since !== undefined && { since }), ...kept.get(shardId) });
        }
        syncedAt = startedAt;
        failures = 0;
      } catch (error) {
        failures += 1;
        const about = { stream: source.arn, failures, error: messageOf(error) };
        log.warn(about, 'listing shards failed');
      }
      await notifier.wait(Math.max(failures && backoff(failures), options.shardSyncMs));
    }
  }

  const following = followShards().catch((error: unknown) =>
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
      stop.abort();
      const settled = Promise.all([following, ...[...consumers.values()].map(({ done }) => done)]);
      const waiting = new AbortController();
      await Promise.race([settled, sleep(graceMs, waiting.signal)]);
      waiting.abort();
      abandon.abort();
    },
  };
}
