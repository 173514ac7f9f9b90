import * as z from 'zod';
import { entry, startingWith } from '../key-value-store.ts';
import { REGION } from '../local-service.ts';
import { operation, pageOf, ServiceError, validationException } from '../operations.ts';
import { isOpen } from '../record-log.ts';
import { checkShardLimit, firstShards } from './shards.ts';
import type { KinesisContext, StoredStream } from './stored-stream.ts';
import { keys, members, onStream, save } from './stored-stream.ts';

const summaryOf = (stream: StoredStream) => ({
  StreamName: stream.StreamName,
  StreamARN: stream.StreamARN,
  StreamStatus: stream.StreamStatus,
  StreamModeDetails: { StreamMode: 'PROVISIONED' },
  StreamCreationTimestamp: stream.StreamCreationTimestamp,
});

const descriptionOf = (stream: StoredStream) => ({
  ...summaryOf(stream),
  RetentionPeriodHours: stream.RetentionPeriodHours,
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  EncryptionType: 'NONE',
});

/** Operations on streams. */
export const streamOperations = {
  CreateStream: operation(
    z.object({
      StreamName: members.name,
      ShardCount: z.int().min(1).max(100_000).nullish(),
      StreamModeDetails: z.object({ StreamMode: z.enum(['PROVISIONED', 'ON_DEMAND']) }).nullish(),
      MaxRecordSizeInKiB: members.notOffered,
    }),
    async (context: KinesisContext, { StreamName, ShardCount, StreamModeDetails }) => {
      const count = ShardCount ?? (StreamModeDetails?.StreamMode === 'ON_DEMAND' ? 4 : undefined);
      if (count === undefined) throw validationException('ShardCount: is required');
      if (context.streams.has(StreamName)) {
        throw new ServiceError('ResourceInUseException', `Stream ${StreamName} already exists.`);
      }
      checkShardLimit(context, count);
      const stream: StoredStream = {
        StreamName,
        StreamARN: `arn:aws:kinesis:${REGION}:000000000000:stream/${StreamName}`,
        StreamStatus: 'ACTIVE',
        StreamCreationTimestamp: Math.floor(context.now() / 1_000),
        RetentionPeriodHours: 24,
        Shards: firstShards(context, count),
      };
      context.streams.set(StreamName, stream);
      await context.store.commit([save(stream)]);
    },
  ),
  DeleteStream: onStream(z.object({}), async ({ store, streams }, stream) => {
    const { StreamName } = stream;
    stream.StreamStatus = 'DELETING';
    await store.commit([save(stream)]);
    await store.clear(startingWith(keys.records(StreamName)));
    await store.commit([entry(keys.stream(StreamName), undefined)]);
    streams.delete(StreamName);
  }),
  DescribeStream: onStream(
    z.object({ Limit: members.limit, ExclusiveStartShardId: members.name.nullish() }),
    (_context, stream, { Limit, ExclusiveStartShardId: after }) => {
      const { page, last } = pageOf(stream.Shards, ({ ShardId }) => ShardId, after, Limit ?? 100);
      const HasMoreShards = last !== undefined;
      return { StreamDescription: { ...descriptionOf(stream), Shards: page, HasMoreShards } };
    },
  ),
  DescribeStreamSummary: onStream(z.object({}), (_context, stream) => {
    const OpenShardCount = stream.Shards.filter(isOpen).length;
    return {
      StreamDescriptionSummary: { ...descriptionOf(stream), OpenShardCount, ConsumerCount: 0 },
    };
  }),
  ListStreams: operation(
    z.object({
      Limit: members.limit,
      ExclusiveStartStreamName: members.name.nullish(),
      NextToken: members.name.nullish(),
    }),
    ({ streams }: KinesisContext, { Limit, ExclusiveStartStreamName, NextToken }) => {
      const after = NextToken ?? ExclusiveStartStreamName;
      const all = [...streams.values()];
      const { page, last } = pageOf(all, ({ StreamName }) => StreamName, after, Limit ?? 100);
      return {
        StreamNames: page.map(({ StreamName }) => StreamName),
        StreamSummaries: page.map(summaryOf),
        HasMoreStreams: last !== undefined,
        NextToken: last,
      };
    },
  ),
};
