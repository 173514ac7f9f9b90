import { z } from 'zod';
import { type Operation, operation, ServiceError } from '../operations.ts';
import type { Context, Shard, Stream } from './context.ts';
import {
  hashKey,
  invalidArgument,
  isOpen,
  limit,
  name,
  notOffered,
  pageOf,
  save,
  shardIdOf,
  shardOf,
  streamMembers,
  streamOf,
  tokensOf,
} from './context.ts';

const HASH_KEYS = 2n ** 128n;
/** Most open shards of all streams together. */
const SHARD_LIMIT = 100;

/**
 * Makes sure that there may be so many more open shards.
 *
 * @throws {ServiceError} where they would be too many
 */
export function checkShardLimit({ streams }: Context, added: number): void {
  const open = [...streams.values()].flatMap(({ Shards }) => Shards.filter(isOpen)).length;
  if (open + added <= SHARD_LIMIT) return;
  throw new ServiceError(
    'LimitExceededException',
    `This request would exceed the shard limit of ${SHARD_LIMIT}: there are ${open}, and ${added} more are asked for`,
  );
}

/** The shards of a new stream, which share the hash keys evenly. */
export function firstShards({ sequence }: Context, count: number): Shard[] {
  const width = HASH_KEYS / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    ShardId: shardIdOf(index),
    HashKeyRange: {
      StartingHashKey: String(width * BigInt(index)),
      EndingHashKey: String((index === count - 1 ? HASH_KEYS : width * BigInt(index + 1)) - 1n),
    },
    SequenceNumberRange: { StartingSequenceNumber: sequence.next(shardIdOf(index)) },
  }));
}

/** Shards of a stream behind one, as many as asked for. */
export function pageOfShards({ Shards }: Stream, after: string | null | undefined, most: number) {
  return pageOf(Shards, ({ ShardId }) => ShardId, after, most);
}

/** A token is the input that asks for the next page. */
const tokens = tokensOf(
  z.object({ StreamName: name, ExclusiveStartShardId: name }),
  'NextToken: is not one that this service gave out',
);

const listShards = operation(
  z.object({
    ...streamMembers,
    NextToken: z.string().min(1).max(1_048_576).nullish(),
    ExclusiveStartShardId: name.nullish(),
    MaxResults: limit,
    ShardFilter: notOffered,
  }),
  (context: Context, { NextToken, MaxResults, ...input }) => {
    if (NextToken && Object.values(input).some(Boolean)) {
      throw invalidArgument('NextToken and StreamName cannot be provided together.');
    }
    const asked = NextToken ? tokens.read(NextToken) : input;
    const stream = streamOf(context, asked);
    const { page, last } = pageOfShards(stream, asked.ExclusiveStartShardId, MaxResults ?? 1_000);
    const { StreamName } = stream;
    const next = last && tokens.write({ StreamName, ExclusiveStartShardId: last });
    return { Shards: page, NextToken: next };
  },
);

/** Closes shards and opens their successors, in one write. */
async function reshard(
  context: Context,
  stream: Stream,
  [parent, adjacent]: [Shard, Shard?],
  ranges: Shard['HashKeyRange'][],
) {
  const { sequence } = context;
  for (const { ShardId, SequenceNumberRange } of adjacent ? [parent, adjacent] : [parent]) {
    SequenceNumberRange.EndingSequenceNumber = sequence.next(ShardId);
  }
  for (const HashKeyRange of ranges) {
    const ShardId = shardIdOf(stream.Shards.length);
    stream.Shards.push({
      ShardId,
      ParentShardId: parent.ShardId,
      ...(adjacent && { AdjacentParentShardId: adjacent.ShardId }),
      HashKeyRange,
      SequenceNumberRange: { StartingSequenceNumber: sequence.next(ShardId) },
    });
  }
  await context.queue.commit([save(stream)]);
}

function openShardOf(stream: Stream, id: string): Shard {
  const shard = shardOf(stream, id);
  if (isOpen(shard)) return shard;
  throw invalidArgument(`Shard ${id} in stream ${stream.StreamName} is closed`);
}

const splitShard = operation(
  z.object({ ...streamMembers, ShardToSplit: name, NewStartingHashKey: hashKey }),
  async (context: Context, input) => {
    const stream = streamOf(context, input);
    const shard = openShardOf(stream, input.ShardToSplit);
    const { StartingHashKey, EndingHashKey } = shard.HashKeyRange;
    const middle = BigInt(input.NewStartingHashKey);
    if (middle <= BigInt(StartingHashKey) || middle > BigInt(EndingHashKey)) {
      throw invalidArgument(`NewStartingHashKey ${middle} is not within shard ${shard.ShardId}`);
    }
    checkShardLimit(context, 1);
    await reshard(
      context,
      stream,
      [shard],
      [
        { StartingHashKey, EndingHashKey: String(middle - 1n) },
        { StartingHashKey: String(middle), EndingHashKey },
      ],
    );
  },
);

const mergeShards = operation(
  z.object({ ...streamMembers, ShardToMerge: name, AdjacentShardToMerge: name }),
  async (context: Context, input) => {
    const stream = streamOf(context, input);
    const shard = openShardOf(stream, input.ShardToMerge);
    const adjacent = openShardOf(stream, input.AdjacentShardToMerge);
    const meets = (low: Shard, high: Shard) =>
      BigInt(low.HashKeyRange.EndingHashKey) + 1n === BigInt(high.HashKeyRange.StartingHashKey);
    const [low, high] = meets(shard, adjacent) ? [shard, adjacent] : [adjacent, shard];
    if (!meets(low, high)) {
      throw invalidArgument(
        `Shards ${shard.ShardId} and ${adjacent.ShardId} are not an adjacent pair`,
      );
    }
    const { StartingHashKey } = low.HashKeyRange;
    const { EndingHashKey } = high.HashKeyRange;
    await reshard(context, stream, [shard, adjacent], [{ StartingHashKey, EndingHashKey }]);
  },
);

/** Operations on shards. */
export const shardOperations: [string, Operation<Context>][] = [
  ['ListShards', listShards],
  ['MergeShards', mergeShards],
  ['SplitShard', splitShard],
];
