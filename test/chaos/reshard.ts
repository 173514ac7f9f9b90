import {
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';

/** Splits the first open shard of a stream in two, or merges the first two. */
export async function reshard(
  client: KinesisClient,
  StreamName: string,
  how: 'split' | 'merge',
): Promise<void> {
  const patience = { client, maxWaitTime: 30, minDelay: 0.1, maxDelay: 0.5 };
  await waitUntilStreamExists(patience, { StreamName });
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const open = Shards.filter((shard) => !shard.SequenceNumberRange?.EndingSequenceNumber)
    .map(({ ShardId, HashKeyRange }) => ({
      id: ShardId,
      from: BigInt(HashKeyRange?.StartingHashKey ?? 0),
      to: BigInt(HashKeyRange?.EndingHashKey ?? 0),
    }))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  const [first, second] = open;
  if (first === undefined) return;
  if (how === 'split') {
    const NewStartingHashKey = String(first.from + (first.to - first.from) / 2n);
    const input = { StreamName, ShardToSplit: first.id, NewStartingHashKey };
    await client.send(new SplitShardCommand(input));
  } else if (second !== undefined) {
    const input = { StreamName, ShardToMerge: first.id, AdjacentShardToMerge: second.id };
    await client.send(new MergeShardsCommand(input));
  }
}
