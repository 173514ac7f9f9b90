import { createHash, randomBytes } from 'node:crypto';
import type { WireItem } from '../dynalite.ts';
import type { Shard, Stream } from './types.ts';

/** A new shard of a slot, succeeding another where one is given. */
export function newShard(
  slot: number,
  startingSequenceNumber: string,
  now: number,
  parent?: Shard,
) {
  const time = String(now).padStart(20, '0');
  const shard: Shard = {
    shardId: `shardId-${time}-${randomBytes(4).toString('hex')}`,
    slot,
    startingSequenceNumber,
    createdAt: now,
    ...(parent && { parentShardId: parent.shardId }),
  };
  return shard;
}

/** The open shard that takes an item's changes: one item always falls into the same slot. */
export function shardOf(stream: Stream, item: WireItem): Shard {
  const partitionKey = stream.keySchema[0]?.AttributeName ?? '';
  const digest = createHash('md5').update(JSON.stringify(item[partitionKey])).digest();
  const slot = digest.readUInt32BE(0) % stream.slots;
  const shard = stream.shards.find((s) => s.slot === slot && s.endingSequenceNumber === undefined);
  if (shard === undefined) throw new Error(`stream ${stream.arn} has no open shard ${slot}`);
  return shard;
}
