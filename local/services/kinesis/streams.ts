import { z } from 'zod';
import { startingWith } from '../key-value-store.ts';
import { type Operation, operation, ServiceError, validationException } from '../operations.ts';
import type { Context, Stream } from './context.ts';
import {
  isOpen,
  keys,
  limit,
  name,
  notOffered,
  pageOf,
  save,
  streamMembers,
  streamOf,
} from './context.ts';
import { checkShardLimit, firstShards, pageOfShards } from './shards.ts';

/** Reads the streams back, and ends the deletions that the last process left half-way. */
export async function loadStreams({ db, streams, sequence }: Context): Promise<void> {
  for await (const [key, value] of db.iterator(startingWith(keys.stream()))) {
    const stream = value as Stream;
    // kinesalite gave a stream its shards once it was active: one without them took no record yet.
    if (stream.StreamStatus === 'DELETING' || stream.Shards.length === 0) {
      await db.clear(startingWith(keys.records(stream.StreamName)));
      await db.batch([{ type: 'del', key }]);
      continue;
    }
    // Older folders know more states; each of them ended with its process.
    streams.set(stream.StreamName, { ...stream, StreamStatus: 'ACTIVE' });
    for (const { ShardId } of stream.Shards.filter(isOpen)) {
      const prefix = keys.shard(stream.StreamName, ShardId);
      const last = db.iterator({ ...startingWith(prefix), reverse: true, limit: 1 });
      for await (const [record] of last) sequence.resume(record.slice(prefix.length));
    }
  }
}

const createStream = operation(
  z.object({
    StreamName: name,
    ShardCount: z.int().min(1).max(100_000).nullish(),
    StreamModeDetails: z.object({ StreamMode: z.enum(['PROVISIONED', 'ON_DEMAND']) }).nullish(),
    MaxRecordSizeInKiB: notOffered,
  }),
  async (context: Context, { StreamName, ShardCount, StreamModeDetails }) => {
    const count = ShardCount ?? (StreamModeDetails?.StreamMode === 'ON_DEMAND' ? 4 : undefined);
    if (count === undefined) throw validationException('ShardCount: is required');
    if (context.streams.has(StreamName)) {
      throw new ServiceError('ResourceInUseException', `Stream ${StreamName} already exists.`);
    }
    checkShardLimit(context, count);
    const stream: Stream = {
      StreamName,
      StreamARN: `arn:aws:kinesis:${context.region}:000000000000:stream/${StreamName}`,
      StreamStatus: 'ACTIVE',
      StreamCreationTimestamp: Math.floor(context.now() / 1_000),
      RetentionPeriodHours: 24,
      Shards: firstShards(context, count),
    };
    context.streams.set(StreamName, stream);
    await context.queue.commit([save(stream)]);
  },
);

const deleteStream = operation(z.object(streamMembers), async (context: Context, input) => {
  const stream = streamOf(context, input);
  const { StreamName } = stream;
  stream.StreamStatus = 'DELETING';
  await context.queue.commit([save(stream)]);
  await context.db.clear(startingWith(keys.records(StreamName)));
  await context.queue.commit([{ type: 'del', key: keys.stream(StreamName) }]);
  context.streams.delete(StreamName);
});

const summaryOf = (stream: Stream) => ({
  StreamName: stream.StreamName,
  StreamARN: stream.StreamARN,
  StreamStatus: stream.StreamStatus,
  StreamModeDetails: { StreamMode: 'PROVISIONED' },
  StreamCreationTimestamp: stream.StreamCreationTimestamp,
});

const descriptionOf = (stream: Stream) => ({
  ...summaryOf(stream),
  RetentionPeriodHours: stream.RetentionPeriodHours,
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  EncryptionType: 'NONE',
});

const describeStream = operation(
  z.object({ ...streamMembers, Limit: limit, ExclusiveStartShardId: name.nullish() }),
  (context: Context, { Limit, ExclusiveStartShardId, ...input }) => {
    const stream = streamOf(context, input);
    const { page, last } = pageOfShards(stream, ExclusiveStartShardId, Limit ?? 100);
    return {
      StreamDescription: {
        ...descriptionOf(stream),
        Shards: page,
        HasMoreShards: last !== undefined,
      },
    };
  },
);

const describeStreamSummary = operation(z.object(streamMembers), (context: Context, input) => {
  const stream = streamOf(context, input);
  const OpenShardCount = stream.Shards.filter(isOpen).length;
  return {
    StreamDescriptionSummary: { ...descriptionOf(stream), OpenShardCount, ConsumerCount: 0 },
  };
});

const listStreams = operation(
  z.object({
    Limit: limit,
    ExclusiveStartStreamName: name.nullish(),
    NextToken: z.string().max(1_048_576).nullish(),
  }),
  (context: Context, { Limit, ExclusiveStartStreamName, NextToken }) => {
    const all = [...context.streams.values()].sort((a, b) =>
      a.StreamName < b.StreamName ? -1 : 1,
    );
    const after = NextToken ?? ExclusiveStartStreamName;
    const { page, last } = pageOf(all, ({ StreamName }) => StreamName, after, Limit ?? 100);
    return {
      StreamNames: page.map(({ StreamName }) => StreamName),
      StreamSummaries: page.map(summaryOf),
      HasMoreStreams: last !== undefined,
      NextToken: last,
    };
  },
);

/** Operations on streams. */
export const streamOperations: [string, Operation<Context>][] = [
  ['CreateStream', createStream],
  ['DeleteStream', deleteStream],
  ['DescribeStream', describeStream],
  ['DescribeStreamSummary', describeStreamSummary],
  ['ListStreams', listStreams],
];
