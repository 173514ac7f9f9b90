import { z } from 'zod';
import { operation, ServiceError, validationException } from '../operations.ts';
import { pageOf } from '../pages.ts';
import type { DynamoDbContext } from './items.ts';
import { keys } from './stored-table.ts';
import type { TableStream, TableStreamShard } from './table-streams.ts';

const streamArn = z.string().min(37).max(1024);
const limitTo = (most: number) => z.int().min(1).max(most).nullish();

const trimmed = () =>
  new ServiceError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in the shard',
  );
const notFound = (what: string) =>
  new ServiceError('ResourceNotFoundException', `Requested resource not found: ${what} not found`);

function streamOf({ streams }: DynamoDbContext, arn: string): TableStream {
  const stream = streams.byArn.get(arn);
  if (stream === undefined) throw notFound(`Stream: ${arn}`);
  return stream;
}

function shardOf(context: DynamoDbContext, arn: string, shardId: string): TableStreamShard {
  const shard = streamOf(context, arn).shards.find((one) => one.shardId === shardId);
  if (shard === undefined) throw notFound(`Shard: ${shardId} in Stream: ${arn}`);
  return shard;
}

/** Operations on streams. */
export const streamOperations = {
  DescribeStream: operation(
    z.object({
      StreamArn: streamArn,
      Limit: limitTo(100),
      ExclusiveStartShardId: z.string().nullish(),
    }),
    async (context: DynamoDbContext, { StreamArn, Limit, ExclusiveStartShardId: after }) => {
      const stream = streamOf(context, StreamArn);
      const { page, last } = pageOf(stream.shards, ({ shardId }) => shardId, after, Limit ?? 100);
      const StreamDescription = {
        StreamArn,
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
            EndingSequenceNumber: shard.endingSequenceNumber,
          },
          ParentShardId: shard.parentShardId,
        })),
        LastEvaluatedShardId: last,
      };
      // What is answered holds from here on, also after a kill.
      await context.store.settled();
      return { StreamDescription };
    },
  ),
  /** Up to 1,000 records or 1 MB; no next iterator once a closed shard is read to its end. */
  GetRecords: operation(
    z.object({ ShardIterator: z.string().min(1).max(2048), Limit: limitTo(1_000) }),
    async (context: DynamoDbContext, { ShardIterator, Limit }) => {
      const { log, firstKept } = context.streams;
      const place = log.placeOf(ShardIterator);
      const shard = shardOf(context, place.stream, place.shard);
      // The end is looked at first: a record that comes meanwhile then has its turn in the next call.
      const closed = shard.closedAt !== undefined;
      const prefix = keys.record(place.stream, place.shard);
      const first = await firstKept(prefix);
      if (place.from !== '' && place.from < first) throw trimmed();
      const { records, more, next } = await log.read(prefix, place, first, Limit ?? 1_000);
      const Records = records.map(([, record]) => record);
      return { Records, ...((more || !closed) && { NextShardIterator: next }) };
    },
  ),
  GetShardIterator: operation(
    z.object({
      StreamArn: streamArn,
      ShardId: z.string().min(28).max(65),
      ShardIteratorType: z.enum([
        'TRIM_HORIZON',
        'LATEST',
        'AT_SEQUENCE_NUMBER',
        'AFTER_SEQUENCE_NUMBER',
      ]),
      SequenceNumber: z
        .string()
        .regex(/^\d{21,40}$/, 'must be 21 to 40 digits')
        .nullish(),
    }),
    async (context: DynamoDbContext, wanted) => {
      const { StreamArn: stream, ShardId: shard, ShardIteratorType: type } = wanted;
      const { log, firstKept } = context.streams;
      const range = shardOf(context, stream, shard);
      let from = '';
      if (type === 'LATEST') from = await log.latest();
      if (type.endsWith('_SEQUENCE_NUMBER')) {
        const { SequenceNumber: number } = wanted;
        if (!number) throw validationException(`SequenceNumber: is required for ${type}`);
        const { startingSequenceNumber: start, endingSequenceNumber: end = number } = range;
        if (number < start || number > end) {
          throw validationException(`SequenceNumber: ${number} is not of the shard`);
        }
        if (number < (await firstKept(keys.record(stream, shard)))) throw trimmed();
        from = type === 'AT_SEQUENCE_NUMBER' ? number : `${number}+`;
      }
      return { ShardIterator: log.iteratorAt({ stream, shard, from }) };
    },
  ),
  /** All in one page. */
  ListStreams: operation(
    z.object({ TableName: z.string().nullish() }),
    async ({ streams, store }: DynamoDbContext, { TableName: wanted }) => {
      await store.settled();
      const all = [...streams.byArn.values()];
      const found = all.filter(({ tableName }) => tableName === (wanted || tableName));
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
