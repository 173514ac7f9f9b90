import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Operation } from '../context.ts';
import { streamOf } from './stream-of.ts';

const schema = z.object({
  StreamArn: z.string().min(37).max(1024),
  Limit: z.int().min(1).max(100).nullish(),
  ExclusiveStartShardId: z.string().nullish(),
});

/** DescribeStream, parents before children. */
export const describeStream: Operation = async ({ streams, queue }, input) => {
  const { StreamArn, Limit, ExclusiveStartShardId: start } = parseInput(schema, input);
  const stream = streamOf(streams, StreamArn);
  const shards = [...stream.shards].map((shard) => ({ ...shard }));
  await queue.settled();
  const limit = Limit ?? 100;
  const from = start ? shards.findIndex((shard) => shard.shardId === start) + 1 : 0;
  const page = shards.slice(from, from + limit);
  return {
    StreamDescription: {
      StreamArn: stream.arn,
      StreamLabel: stream.label,
      StreamStatus: stream.enabled ? 'ENABLED' : 'DISABLED',
      StreamViewType: stream.viewType,
      CreationRequestDateTime: stream.createdAt / 1_000,
      TableName: stream.tableName,
      KeySchema: stream.keySchema,
      Shards: page.map((shard) => ({
        ShardId: shard.shardId,
        SequenceNumberRange: {
          StartingSequenceNumber: shard.startingSequenceNumber,
          ...(shard.endingSequenceNumber && {
            EndingSequenceNumber: shard.endingSequenceNumber,
          }),
        },
        ...(shard.parentShardId && { ParentShardId: shard.parentShardId }),
      })),
      ...(from + limit < shards.length && { LastEvaluatedShardId: page.at(-1)?.shardId }),
    },
  };
};
