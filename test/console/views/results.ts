import type { Result } from '../../../console/api/contract.ts';

/** A stored result, as the API gives it. */
export const resultOf = (changes: Partial<Result> = {}): Result => ({
  id: 'text-1',
  source: 'news',
  pipelineVersion: 'v1',
  contentHash: 'c1',
  text: 'Ada Lovelace lived in London.',
  entities: [],
  answers: [],
  tokens: 8,
  windows: 1,
  arrivedAt: '2026-01-31T12:00:00.000Z',
  shard: 'shardId-000000000000',
  sequenceNumber: '1',
  ...changes,
});
