import type { MappingSettings } from '#shared/settings.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { Shard, ShardPosition } from './stream-source.ts';

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
 * Where to begin a shard: after its checkpoint; else, where the mapping is new, at the configured end; a shard that appeared
 * later is read whole.
 */
export function startOf(
  checkpoint: Checkpoint | undefined,
  isNewMapping: boolean,
  settings: Pick<MappingSettings, 'startingPosition'>,
): ShardPosition {
  if (checkpoint?.sequenceNumber !== undefined) return { after: checkpoint.sequenceNumber };
  return isNewMapping ? settings.startingPosition : 'TRIM_HORIZON';
}
