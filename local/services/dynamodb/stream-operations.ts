import * as z from 'zod';
import { operation, pageOf } from '../operations.ts';
import { ITERATOR_TYPES } from '../record-log.ts';
import type { DynamoDbContext } from './items.ts';

const streamArn = z.string().min(37).max(1024);
const limitTo = (most: number) => z.int().min(1).max(most).nullish();

/** Operations on streams. */
export const streamOperations = {
  DescribeStream: operation(
    z.object({
      StreamArn: streamArn,
      Limit: limitTo(100),
      ExclusiveStartShardId: z.string().nullish(),
    }),
    async ({ streams, store }: DynamoDbContext, { StreamArn, Limit, ...input }) => {
      const stream = streams.streamOf(StreamArn);
      const after = input.ExclusiveStartShardId;
      const { page, last } = pageOf(stream.Shards, ({ ShardId }) => ShardId, after, Limit ?? 100);
      const StreamDescription = {
        StreamArn,
        StreamLabel: stream.label,
        StreamStatus: stream.enabled ? 'ENABLED' : 'DISABLED',
        StreamViewType: stream.viewType,
        CreationRequestDateTime: stream.createdAt / 1_000,
        TableName: stream.tableName,
        KeySchema: stream.keySchema,
        Shards: page.map(({ slot: _, ...shard }) => structuredClone(shard)),
        LastEvaluatedShardId: last,
      };
      // What is answered holds from here on, also after a kill.
      await store.settled();
      return { StreamDescription };
    },
  ),
  GetRecords: operation(
    z.object({ ShardIterator: z.string().min(1).max(2048), Limit: limitTo(1_000) }),
    async ({ streams }: DynamoDbContext, { ShardIterator, Limit }) => {
      const page = await streams.log.getRecords(ShardIterator, Limit ?? 1_000);
      const Records = page.records.map(([, record]) => record);
      return { Records, NextShardIterator: page.NextShardIterator };
    },
  ),
  GetShardIterator: operation(
    z.object({
      StreamArn: streamArn,
      ShardId: z.string().min(28).max(65),
      ShardIteratorType: z.enum(ITERATOR_TYPES),
      SequenceNumber: z
        .string()
        .regex(/^\d{1,40}$/, 'must be digits')
        .nullish(),
    }),
    ({ streams }: DynamoDbContext, { StreamArn, ...input }) =>
      streams.log.getShardIterator(streams.streamOf(StreamArn), input),
  ),
  /** All in one page. */
  ListStreams: operation(
    z.object({ TableName: z.string().nullish() }),
    async ({ streams, store }: DynamoDbContext, { TableName: wanted }) => {
      await store.settled();
      const found = streams.all().filter(({ tableName }) => tableName === (wanted || tableName));
      return {
        Streams: found.map(({ arn, tableName, label }) => ({
          StreamArn: arn,
          TableName: tableName,
          StreamLabel: label,
        })),
      };
    },
  ),
};
