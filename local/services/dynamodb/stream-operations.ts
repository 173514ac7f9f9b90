import { z } from 'zod';
import { startingWith } from '../key-value-store.ts';
import { type Operation, parseInput, ServiceError, validationException } from '../operations.ts';
import { keys } from './dynalite.ts';
import type { Context } from './items.ts';
import type { StreamRecord } from './stream-records.ts';
import { before, padded, type Shard, type Stream, type Streams } from './streams.ts';

const MAX_BYTES = 1024 * 1024;

const listSchema = z.object({
  TableName: z.string().nullish(),
  Limit: z.int().min(1).max(100).nullish(),
  ExclusiveStartStreamArn: z.string().nullish(),
});

/** ListStreams, in the order of their ARNs. */
const listStreams: Operation<Context> = async ({ streams, queue }, input) => {
  const { TableName, Limit, ExclusiveStartStreamArn: start } = parseInput(listSchema, input);
  await queue.settled();
  const limit = Limit ?? 100;
  const found = streams
    .all()
    .filter((stream) => !TableName || stream.tableName === TableName)
    .sort((a, b) => (a.arn < b.arn ? -1 : 1))
    .filter((stream) => !start || stream.arn > start);
  const page = found.slice(0, limit);
  return {
    Streams: page.map((stream) => ({
      StreamArn: stream.arn,
      TableName: stream.tableName,
      StreamLabel: stream.label,
    })),
    ...(found.length > limit && { LastEvaluatedStreamArn: page.at(-1)?.arn }),
  };
};

const describeSchema = z.object({
  StreamArn: z.string().min(37).max(1024),
  Limit: z.int().min(1).max(100).nullish(),
  ExclusiveStartShardId: z.string().nullish(),
});

/** DescribeStream, parents before children. */
const describeStream: Operation<Context> = async ({ streams, queue }, input) => {
  const { StreamArn, Limit, ExclusiveStartShardId: start } = parseInput(describeSchema, input);
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

const iteratorSchema = z.object({
  StreamArn: z.string().min(37).max(1024),
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

/** GetShardIterator. */
const getShardIterator: Operation<Context> = async ({ streams, queue, now }, input) => {
  const wanted = parseInput(iteratorSchema, input);
  const stream = streamOf(streams, wanted.StreamArn);
  const shard = shardById(stream, wanted.ShardId);
  const last = streams.lastSequenceNumber();
  await queue.settled();
  return {
    ShardIterator: encodeIterator({
      arn: stream.arn,
      shardId: shard.shardId,
      after: startOf(shard, wanted, last),
      fromHorizon: wanted.ShardIteratorType === 'TRIM_HORIZON',
      issuedAt: now(),
    }),
  };
};

function startOf(shard: Shard, wanted: z.output<typeof iteratorSchema>, last: string): string {
  if (wanted.ShardIteratorType === 'TRIM_HORIZON') return before(shard.startingSequenceNumber);
  if (wanted.ShardIteratorType === 'LATEST') return last;
  if (!wanted.SequenceNumber) {
    throw validationException(`SequenceNumber: is required for ${wanted.ShardIteratorType}`);
  }
  const number = padded(wanted.SequenceNumber);
  const { startingSequenceNumber: first, endingSequenceNumber: end } = shard;
  if (number < before(first) || (end !== undefined && number > end)) {
    throw validationException(`SequenceNumber: ${wanted.SequenceNumber} is not of the shard`);
  }
  if (shard.trimmedThrough !== undefined && number <= shard.trimmedThrough) {
    throw new ServiceError(
      'TrimmedDataAccessException',
      'The operation attempted to read past the oldest stream record in the shard',
    );
  }
  return wanted.ShardIteratorType === 'AT_SEQUENCE_NUMBER' ? before(number) : number;
}

const recordsSchema = z.object({
  ShardIterator: z.string().min(1).max(2048),
  Limit: z.int().min(1).max(1_000).nullish(),
});

/** GetRecords: up to 1,000 records or 1 MB; no next iterator once a closed shard is read to its end. */
const getRecords: Operation<Context> = async (context, input) => {
  const { ShardIterator, Limit } = parseInput(recordsSchema, input);
  const { now, streams, queue, store } = context;
  const position = decodeIterator(ShardIterator, now(), context.iteratorLifetimeMs);
  const stream = streamOf(streams, position.arn);
  const shard = shardById(stream, position.shardId);
  if (!position.fromHorizon && (shard.trimmedThrough ?? '') > position.after) {
    throw new ServiceError(
      'TrimmedDataAccessException',
      'The operation attempted to read past the oldest stream record in the shard',
    );
  }
  // The end is looked at first: a record that comes meanwhile then has its turn in the next call.
  const closed = shard.endingSequenceNumber !== undefined;
  await queue.settled();

  const limit = Limit ?? 1_000;
  const all = startingWith(keys.record(stream.arn, shard.shardId));
  const range = { gt: keys.record(stream.arn, shard.shardId, position.after), lt: all.lt, limit };
  const records: StreamRecord[] = [];
  let bytes = 0;
  let full = false;
  for await (const [, value] of store.db.iterator(range)) {
    const record = value as StreamRecord;
    bytes += record.dynamodb.SizeBytes;
    full = records.length > 0 && bytes > MAX_BYTES;
    if (full) break;
    records.push(record);
  }
  const after = records.at(-1)?.dynamodb.SequenceNumber ?? position.after;
  const ended = closed && !full && records.length < limit;
  return {
    Records: records,
    ...(!ended && {
      NextShardIterator: encodeIterator({ ...position, after, issuedAt: now() }),
    }),
  };
};

/** The stream of an ARN, or the service's error. */
function streamOf(streams: Streams, arn: string): Stream {
  const stream = streams.byArn(arn);
  if (stream !== undefined) return stream;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Stream: ${arn} not found`,
  );
}

/** The shard of an id, or the service's error. */
function shardById(stream: Stream, shardId: string): Shard {
  const shard = stream.shards.find((s) => s.shardId === shardId);
  if (shard !== undefined) return shard;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Shard: ${shardId} in Stream: ${stream.arn} not found`,
  );
}

const positionSchema = z.object({
  arn: z.string(),
  shardId: z.string(),
  /** The last record read; the next one comes after it. */
  after: z.string().regex(/^\d+$/),
  /** From TRIM_HORIZON: records trimmed meanwhile are skipped silently. */
  fromHorizon: z.boolean(),
  issuedAt: z.number(),
});

/** A place in a shard. */
type Position = z.output<typeof positionSchema>;

/** A shard iterator as it goes out. */
function encodeIterator(position: Position): string {
  const token = Buffer.from(JSON.stringify(position)).toString('base64url');
  return `${position.arn}|1|${token}`;
}

/** The place that a shard iterator names. */
function decodeIterator(iterator: string, now: number, lifetimeMs: number): Position {
  const token = iterator.slice(iterator.lastIndexOf('|') + 1);
  const position = parseToken(token);
  if (now - position.issuedAt > lifetimeMs) {
    throw new ServiceError('ExpiredIteratorException', 'The shard iterator has expired');
  }
  return position;
}

function parseToken(token: string): Position {
  try {
    return positionSchema.parse(JSON.parse(Buffer.from(token, 'base64url').toString('utf8')));
  } catch {
    throw validationException('ShardIterator: is not one that this service gave out');
  }
}

/** Operations on streams. */
export const streamOperations: [string, Operation<Context>][] = [
  ['DescribeStream', describeStream],
  ['GetRecords', getRecords],
  ['GetShardIterator', getShardIterator],
  ['ListStreams', listStreams],
];
