import { expect, it } from 'vitest';
import { nextShards, startOf } from '#local/event-source-mapping/next-shards.ts';

const shard = (shardId: string, ...parentIds: string[]) => ({ shardId, parentIds });
const ids = (shards: { shardId: string }[]) => shards.map(({ shardId }) => shardId);

it('starts children only after every listed parent is wholly processed', () => {
  const shards = [shard('a'), shard('b'), shard('ab', 'a', 'b'), shard('c', 'trimmed')];

  expect(ids(nextShards(shards, new Set(), new Set()))).toEqual(['a', 'b', 'c']);
  expect(ids(nextShards(shards, new Set(['a']), new Set(['b', 'c'])))).toEqual([]);
  expect(ids(nextShards(shards, new Set(['a', 'b']), new Set(['c'])))).toEqual(['ab']);
  expect(ids(nextShards(shards, new Set(['a', 'b', 'ab', 'c']), new Set()))).toEqual([]);
});

it('begins after the checkpoint, a new mapping at the configured end, a later shard at its beginning', () => {
  const latest = { startingPosition: 'LATEST' as const };
  const checkpoint = { shardId: 'a', ended: false, sequenceNumber: '7' };

  expect(startOf(checkpoint, false, latest)).toEqual({ after: '7' });
  expect(startOf(undefined, true, latest)).toBe('LATEST');
  expect(startOf(undefined, false, latest)).toBe('TRIM_HORIZON');
});
