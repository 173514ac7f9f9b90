import { expect, it } from 'vitest';
import { nextShards } from '#local/event-source-mapping/event-source-mapping.ts';

const shard = (shardId: string, ...parentIds: string[]) => ({ shardId, parentIds });
const ids = (shards: { shardId: string }[]) => shards.map(({ shardId }) => shardId);

it('starts children only after every listed parent is wholly processed', () => {
  const shards = [shard('a'), shard('b'), shard('ab', 'a', 'b'), shard('c', 'trimmed')];

  expect(ids(nextShards(shards, new Set(), new Set()))).toEqual(['a', 'b', 'c']);
  expect(ids(nextShards(shards, new Set(['a']), new Set(['b', 'c'])))).toEqual([]);
  expect(ids(nextShards(shards, new Set(['a', 'b']), new Set(['c'])))).toEqual(['ab']);
  expect(ids(nextShards(shards, new Set(['a', 'b', 'ab', 'c']), new Set()))).toEqual([]);
});
