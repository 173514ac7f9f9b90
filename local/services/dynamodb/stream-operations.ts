import { z } from 'zod';
import { startingWith } from '../key-value-store.ts';
import { type Operation, operation, ServiceError, validationException } from '../operations.ts';
import type { Context } from './items.ts';
import { keys } from './store.ts';
import type { StreamRecord } from './stream-records.ts';
import { padded, type Shard, type Stream } from './streams.ts';

const MAX_BYTES = 1024 * 1024;
const ITERATOR_LIFETIME_MS = 15 * 60_000;
const streamArn = z.string().min(37).max(1024);
const limitTo = (most: number) => z.int().min(1).max(most).nullish();

/** ListStreams, all in one page. */
const listStreams = operation(
  z.object({ TableName: z.string().nullish() }),
  async ({ streams, queue }: Context, { TableName: wanted }) => {
    await queue.settled();
    const found = streams.all().filter(({ tableName }) => tableName === (wanted || tableName));
    return {
      Streams: found.map(({ arn, tableName, label }) => ({
        StreamArn: arn,
        TableName: tableName,
        StreamLabel: label,
      })),
    };
  },
);

/** DescribeStream, parents before children. */
const describeStream = operation(
  z.object({
    StreamArn: streamArn,
    Limit: limitTo(100),
    ExclusiveStartShardId: z.string().nullish(),
  }),
  async (context: Context, { StreamArn, Limit, ExclusiveStartShardId: start }) => {
    const stream = streamOf(context, StreamArn);
    const from = start ? stream.shards.findIndex(({ shardId }) => shardId === start) + 1 : 0;
    const page = stream.shards.slice(from, from + (Limit ?? 100));
    const description = {
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
      ...(from + page.length < stream.shards.length && {
        LastEvaluatedShardId: page.at(-1)?.shardId,
      }),
    };
    // What is answered holds from here on, also after a kill.
    await context.queue.settled();
    return { StreamDescription: description };
  },
);

const iteratorSchema = z.object({
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
    .regex(/^\d{1,40}$/, 'must be digits')
    .nullish(),
});

const getShardIterator = operation(iteratorSchema, async (context: Context, wanted) => {
  const { StreamArn, ShardId } = wanted;
  const shard = shardOf(context, StreamArn, ShardId);
  const after = startOf(shard, wanted, context.streams.lastSequenceNumber());
  await context.queue.settled();
  return { ShardIterator: iteratorOf(StreamArn, ShardId, after, context.now()) };
});

/** The sequence number after which an iterator starts; empty for the oldest record, whichever that is by then. */
function startOf(shard: Shard, wanted: z.output<typeof iteratorSchema>, last: string): string {
  const { ShardIteratorType: type, SequenceNumber: given } = wanted;
  if (type === 'TRIM_HORIZON') return '';
  if (type === 'LATEST') return last;
  if (!given) throw validationException(`SequenceNumber: is required for ${type}`);
  const number = padded(given);
  const { startingSequenceNumber: first, endingSequenceNumber: end = number } = shard;
  if (number < first || number > end) {
    throw validationException(`SequenceNumber: ${given} is not of the shard`);
  }
  if (number <= (shard.trimmedThrough ?? '')) throw trimmed();
  return type === 'AFTER_SEQUENCE_NUMBER' ? number : padded(BigInt(number) - 1n);
}

/** GetRecords: up to 1,000 records or 1 MB; no next iterator once a closed shard is read to its end. */
const getRecords = operation(
  z.object({ ShardIterator: z.string().min(1).max(2048), Limit: limitTo(1_000) }),
  async (context: Context, { ShardIterator, Limit }) => {
    const { db, now, queue } = context;
    const { arn, shardId, after } = parseIterator(ShardIterator, now());
    const shard = shardOf(context, arn, shardId);
    if (after !== '' && after < (shard.trimmedThrough ?? '')) throw trimmed();
    // The end is looked at first: a record that comes meanwhile then has its turn in the next call.
    const closed = shard.closedAt !== undefined;
    await queue.settled();

    const limit = Limit ?? 1_000;
    const { lt } = startingWith(keys.record(arn, shardId));
    const range = { gt: keys.record(arn, shardId, after), lt, limit };
    const Records: StreamRecord[] = [];
    let bytes = 0;
    let full = false;
    for await (const [, value] of db.iterator(range)) {
      const record = value as StreamRecord;
      bytes += record.dynamodb.SizeBytes;
      full = Records.length > 0 && bytes > MAX_BYTES;
      if (full) break;
      Records.push(record);
    }
    const last = Records.at(-1)?.dynamodb.SequenceNumber ?? after;
    const ended = closed && !full && Records.length < limit;
    const next = iteratorOf(arn, shardId, last, now());
    return { Records, ...(!ended && { NextShardIterator: next }) };
  },
);

function trimmed() {
  return new ServiceError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in the shard',
  );
}

const notFound = (what: string) =>
  new ServiceError('ResourceNotFoundException', `Requested resource not found: ${what} not found`);

function streamOf({ streams }: Context, arn: string): Stream {
  const stream = streams.byArn(arn);
  if (stream === undefined) throw notFound(`Stream: ${arn}`);
  return stream;
}

function shardOf(context: Context, arn: string, shardId: string): Shard {
  const shard = streamOf(context, arn).shards.find((one) => one.shardId === shardId);
  if (shard === undefined) throw notFound(`Shard: ${shardId} in Stream: ${arn}`);
  return shard;
}

/** An iterator: the stream's ARN, the shard, the number after which it reads on, and when it was given out. */
const ITERATOR = /^([^|]+)\|([^|]+)\|(\d*)\|(\d+)$/;

function iteratorOf(arn: string, shardId: string, after: string, now: number): string {
  return [arn, shardId, after, now].join('|');
}

function parseIterator(iterator: string, now: number) {
  const [, arn = '', shardId = '', after = '', issuedAt] = ITERATOR.exec(iterator) ?? [];
  if (issuedAt === undefined) {
    throw validationException('ShardIterator: is not one that this service gave out');
  }
  if (now - Number(issuedAt) <= ITERATOR_LIFETIME_MS) return { arn, shardId, after };
  throw new ServiceError('ExpiredIteratorException', 'The shard iterator has expired');
}

/** Operations on streams. */
export const streamOperations: [string, Operation<Context>][] = [
  ['DescribeStream', describeStream],
  ['GetRecords', getRecords],
  ['GetShardIterator', getShardIterator],
  ['ListStreams', listStreams],
];
