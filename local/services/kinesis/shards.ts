import * as z from 'zod';
import { operation, pageOf, ServiceError } from '../operations.ts';
import { isOpen } from '../record-log.ts';
import type { KinesisContext, StoredShard, StoredStream } from './stored-stream.ts';
import { invalidArgument, members, onStream, save, streamOf } from './stored-stream.ts';

const HASH_KEYS = 2n ** 128n;
/** Most open shards of all streams together. */
const SHARD_LIMIT = 100;
/** A token is the stream and the shard behind which the next page begins. */
const TOKEN = /^[a-zA-Z0-9_.-]{1,128}:[a-zA-Z0-9_.-]{1,128}$/;

/**
 * Makes sure that there may be so many more open shards.
 *
 * @throws {ServiceError} where they would be too many
 */
export function checkShardLimit({ streams }: KinesisContext, added: number): void {
  const open = [...streams.values()].flatMap(({ Shards }) => Shards.filter(isOpen)).length;
  if (open + added <= SHARD_LIMIT) return;
  throw new ServiceError(
    'LimitExceededException',
    `This request would exceed the shard limit of ${SHARD_LIMIT}: there are ${open}, and ${added} more are asked for`,
  );
}

/** The shards of a new stream, which share the hash keys evenly. */
export function firstShards(context: KinesisContext, count: number): StoredShard[] {
  const shards: StoredShard[] = [];
  const width = HASH_KEYS / BigInt(count);
  for (let start = 0n; shards.length < count; start += width) {
    const end = shards.length === count - 1 ? HASH_KEYS : start + width;
    addShard(context, shards, { HashKeyRange: rangeOf(start, end) });
  }
  return shards;
}

const rangeOf = (start: bigint, end: bigint) => ({
  StartingHashKey: String(start),
  EndingHashKey: String(end - 1n),
});

/** Opens a shard beside those of a stream. */
function addShard(
  context: KinesisContext,
  shards: StoredShard[],
  shard: Omit<StoredShard, 'ShardId' | 'SequenceNumberRange'>,
): void {
  const ShardId = `shardId-${String(shards.length).padStart(12, '0')}`;
  const StartingSequenceNumber = context.log.nextNumber(ShardId);
  shards.push({ ShardId, ...shard, SequenceNumberRange: { StartingSequenceNumber } });
}

/** Closes shards and opens their successors, in one write. */
async function reshard(
  context: KinesisContext,
  stream: StoredStream,
  [parent, adjacent]: [StoredShard, StoredShard?],
  ranges: StoredShard['HashKeyRange'][],
) {
  context.log.closeShard(parent);
  if (adjacent) context.log.closeShard(adjacent);
  for (const HashKeyRange of ranges) {
    addShard(context, stream.Shards, {
      ParentShardId: parent.ShardId,
      ...(adjacent && { AdjacentParentShardId: adjacent.ShardId }),
      HashKeyRange,
    });
  }
  await context.store.commit([save(stream)]);
}

function openShardOf({ log }: KinesisContext, stream: StoredStream, id: string) {
  const shard = log.shardOf(stream, id);
  const { StartingHashKey, EndingHashKey } = shard.HashKeyRange;
  if (isOpen(shard))
    return { shard, start: BigInt(StartingHashKey), end: BigInt(EndingHashKey) + 1n };
  throw invalidArgument(`Shard ${id} in stream ${stream.StreamName} is closed`);
}

/** Operations on shards. */
export const shardOperations = {
  ListShards: operation(
    z.object({
      ...members.stream,
      NextToken: z.string().regex(TOKEN, 'is not one that this service gave out').nullish(),
      ExclusiveStartShardId: members.name.nullish(),
      MaxResults: members.limit,
      ShardFilter: members.notOffered,
    }),
    (context: KinesisContext, { NextToken, MaxResults, ...input }) => {
      if (NextToken && Object.values(input).some(Boolean)) {
        throw invalidArgument('NextToken and StreamName cannot be provided together.');
      }
      const [StreamName, after = input.ExclusiveStartShardId] = NextToken?.split(':') ?? [];
      const stream = streamOf(context, NextToken ? { StreamName } : input);
      const most = MaxResults ?? 1_000;
      const { page, last } = pageOf(stream.Shards, ({ ShardId }) => ShardId, after, most);
      return { Shards: page, NextToken: last && `${stream.StreamName}:${last}` };
    },
  ),
  MergeShards: onStream(
    z.object({ ShardToMerge: members.name, AdjacentShardToMerge: members.name }),
    async (context, stream, { ShardToMerge, AdjacentShardToMerge }) => {
      const one = openShardOf(context, stream, ShardToMerge);
      const other = openShardOf(context, stream, AdjacentShardToMerge);
      const [low, high] = one.start < other.start ? [one, other] : [other, one];
      if (low.end !== high.start) {
        throw invalidArgument(
          `Shards ${ShardToMerge} and ${AdjacentShardToMerge} are not an adjacent pair`,
        );
      }
      await reshard(context, stream, [one.shard, other.shard], [rangeOf(low.start, high.end)]);
    },
  ),
  SplitShard: onStream(
    z.object({ ShardToSplit: members.name, NewStartingHashKey: members.hashKey }),
    async (context, stream, { ShardToSplit, NewStartingHashKey }) => {
      const { shard, start, end } = openShardOf(context, stream, ShardToSplit);
      const middle = BigInt(NewStartingHashKey);
      if (middle <= start || middle >= end) {
        throw invalidArgument(`NewStartingHashKey ${middle} is not within shard ${ShardToSplit}`);
      }
      checkShardLimit(context, 1);
      await reshard(context, stream, [shard], [rangeOf(start, middle), rangeOf(middle, end)]);
    },
  ),
};
