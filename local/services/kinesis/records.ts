import { createHash } from 'node:crypto';
import { z } from 'zod';
import { startingWith } from '../key-value-store.ts';
import { listOf, type Operation, operation, ServiceError } from '../operations.ts';
import type { Context, Shard, Stream } from './streams.ts';
import {
  activeStreamOf,
  isOpen,
  keys,
  maxRecordBytes,
  memberSchemas,
  shardIdOf,
  shardOf,
  streamMembers,
} from './streams.ts';

const PAGE_BYTES = 10 * 1024 * 1024;
const ITERATOR_MS = 300_000;
const SEQUENCE_DIGITS = 56;

/** A record as it is kept; its key holds its shard and sequence number. */
interface StoredRecord {
  PartitionKey: string;
  /** Base64. */
  Data: string;
  /** Epoch seconds. */
  ApproximateArrivalTimestamp: number;
}

const recordMembers = {
  Data: z
    .string()
    .refine(
      (data) => data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data),
      'must be base64',
    ),
  PartitionKey: z.string().min(1).max(256),
  ExplicitHashKey: memberSchemas.hashKey.nullish(),
};
type NewRecord = z.output<z.ZodObject<typeof recordMembers>>;

const dataBytes = (data: string) =>
  (data.length / 4) * 3 - (data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0);
const sizeOf = (record: NewRecord) =>
  dataBytes(record.Data) + Buffer.byteLength(record.PartitionKey);

/** Writes records in their order, in one indivisible write. */
async function write(context: Context, stream: Stream, records: readonly NewRecord[]) {
  const shards = stream.Shards.filter(isOpen).map((shard) => ({
    id: shard.ShardId,
    end: BigInt(shard.HashKeyRange.EndingHashKey),
    start: BigInt(shard.HashKeyRange.StartingHashKey),
  }));
  const arrivedAt = context.now() / 1_000;
  const written = records.map(({ Data, PartitionKey, ExplicitHashKey }) => {
    const hash = BigInt(
      ExplicitHashKey ?? `0x${createHash('md5').update(PartitionKey).digest('hex')}`,
    );
    const ShardId = shards.find(({ start, end }) => start <= hash && hash <= end)?.id;
    if (ShardId === undefined) throw invalidArgument(`ExplicitHashKey: ${hash} is over 128 bits`);
    const SequenceNumber = context.sequence.next(ShardId);
    const value: StoredRecord = { PartitionKey, Data, ApproximateArrivalTimestamp: arrivedAt };
    return { ShardId, SequenceNumber, value };
  });
  await context.queue.commit(
    written.map(({ ShardId, SequenceNumber, value }) => ({
      type: 'put',
      key: `${keys.shard(stream.StreamName, ShardId)}${SequenceNumber}`,
      value,
    })),
  );
  return written.map(({ ShardId, SequenceNumber }) => ({ ShardId, SequenceNumber }));
}

function checkSize(stream: Stream, record: NewRecord, field: string) {
  const limit = maxRecordBytes(stream);
  if (sizeOf(record) <= limit) return;
  throw new ServiceError(
    'ValidationException',
    `${field}: data and partition key must have at most ${limit} bytes together`,
  );
}

const putRecord = operation(
  z.object({ ...streamMembers, ...recordMembers }),
  async (context: Context, input) => {
    const stream = activeStreamOf(context, input);
    checkSize(stream, input, 'Data');
    return (await write(context, stream, [input]))[0];
  },
);

const putRecords = operation(
  z.object({ ...streamMembers, Records: listOf(z.object(recordMembers), 500, 1) }),
  async (context: Context, input) => {
    const stream = activeStreamOf(context, input);
    for (const [index, record] of input.Records.entries()) {
      checkSize(stream, record, `Records.${index}`);
    }
    if (input.Records.reduce((sum, record) => sum + sizeOf(record), 0) > PAGE_BYTES) {
      throw invalidArgument('Records size exceeds 10 MB limit');
    }
    return { FailedRecordCount: 0, Records: await write(context, stream, input.Records) };
  },
);

const iteratorSchema = z.object({
  stream: z.string(),
  shard: z.string(),
  /** A sequence number, or empty for the beginning of the shard. */
  at: z.string().regex(/^\d*$/),
  /** Whether the record of that very number is still to come. */
  inclusive: z.boolean(),
  issuedAt: z.number(),
});
type Position = z.output<typeof iteratorSchema>;

const encode = (position: Position) => Buffer.from(JSON.stringify(position)).toString('base64');

function decode(iterator: string): Position {
  try {
    return iteratorSchema.parse(JSON.parse(Buffer.from(iterator, 'base64').toString('utf8')));
  } catch {
    throw invalidArgument('Invalid ShardIterator.');
  }
}

const getShardIterator = operation(
  z.object({
    ...streamMembers,
    ShardId: memberSchemas.shardId,
    ShardIteratorType: z.enum([
      'AT_SEQUENCE_NUMBER',
      'AFTER_SEQUENCE_NUMBER',
      'TRIM_HORIZON',
      'LATEST',
      'AT_TIMESTAMP',
    ]),
    StartingSequenceNumber: z
      .string()
      .regex(/^(0|[1-9]\d{0,128})$/, 'must be a sequence number')
      .nullish(),
    Timestamp: z.number().nullish(),
  }),
  async (context: Context, input) => {
    const stream = activeStreamOf(context, input);
    const shard = shardOf(context, stream, input.ShardId);
    const place = await placeOf(context, stream, shard, input);
    const issuedAt = context.now();
    const position = { stream: stream.StreamName, shard: shard.ShardId, issuedAt, ...place };
    return { ShardIterator: encode(position) };
  },
);

async function placeOf(
  context: Context,
  stream: Stream,
  shard: Shard,
  input: {
    ShardIteratorType: string;
    StartingSequenceNumber?: string | null | undefined;
    Timestamp?: number | null | undefined;
  },
): Promise<Pick<Position, 'at' | 'inclusive'>> {
  const { ShardIteratorType: type, StartingSequenceNumber: number, Timestamp: time } = input;
  if (type === 'TRIM_HORIZON') return { at: '', inclusive: true };
  if (type === 'LATEST') {
    const at = context.sequence.next(shard.ShardId);
    await context.queue.settled();
    return { at, inclusive: false };
  }
  if (type === 'AT_TIMESTAMP') {
    if (time == null) throw invalidArgument('Must specify Timestamp for AT_TIMESTAMP.');
    const now = context.now();
    if (time * 1_000 > now) {
      throw invalidArgument(
        `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${time * 1_000}, currentTimestampInMillis: ${now}`,
      );
    }
    return { at: await firstSince(context, stream, shard, time), inclusive: true };
  }
  if (!number) throw invalidArgument(`Must specify StartingSequenceNumber for ${type}.`);
  const owner = shardIdOf(number);
  if (number.length > SEQUENCE_DIGITS || (owner !== undefined && owner !== shard.ShardId)) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. ${number} is not of ${shard.ShardId} in stream ${stream.StreamName}`,
    );
  }
  const at = number.padStart(SEQUENCE_DIGITS, '0');
  return { at, inclusive: type === 'AT_SEQUENCE_NUMBER' };
}

/** The number of the first record that arrived at a time or later, in epoch seconds. */
async function firstSince(context: Context, stream: Stream, shard: Shard, time: number) {
  const prefix = keys.shard(stream.StreamName, shard.ShardId);
  const ours = context.sequence.from(time * 1_000);
  // Numbers that kinesalite gave hold no time that can be read off.
  for await (const [key, value] of context.db.iterator({ gte: prefix, lt: `${prefix}5` })) {
    if ((value as StoredRecord).ApproximateArrivalTimestamp >= time)
      return key.slice(prefix.length);
  }
  return ours;
}

const getRecords = operation(
  z.object({
    ShardIterator: z.string().min(1).max(512),
    Limit: z.int().min(1).max(10_000).nullish(),
    StreamARN: streamMembers.StreamARN,
  }),
  async (context: Context, { ShardIterator, Limit }) => {
    const position = decode(ShardIterator);
    const now = context.now();
    if (now - position.issuedAt > ITERATOR_MS) {
      throw new ServiceError(
        'ExpiredIteratorException',
        `Iterator expired. The iterator was created at time ${new Date(position.issuedAt).toUTCString()} which is more than ${ITERATOR_MS} milliseconds ago.`,
      );
    }
    const stream = activeStreamOf(context, { StreamName: position.stream });
    const shard = shardOf(context, stream, position.shard);
    // The end is looked at first: a record that comes meanwhile then has its turn in the next call.
    const closed = !isOpen(shard);
    await context.queue.settled();
    const page = await read(context, stream, position, Limit ?? 10_000);
    const last = page.records.at(-1);
    const next = last ? { ...position, at: last.SequenceNumber, inclusive: false } : position;
    const behind = page.more && last ? now - last.ApproximateArrivalTimestamp * 1_000 : 0;
    return {
      Records: page.records,
      MillisBehindLatest: Math.max(0, Math.round(behind)),
      ...(closed && !page.more
        ? { ChildShards: childrenOf(stream, shard) }
        : { NextShardIterator: encode({ ...next, issuedAt: now }) }),
    };
  },
);

async function read(context: Context, stream: Stream, position: Position, limit: number) {
  const prefix = keys.shard(stream.StreamName, position.shard);
  const start = `${prefix}${position.at}`;
  const horizon = horizonOf(context, stream);
  const range = {
    ...(position.inclusive ? { gte: start } : { gt: start }),
    lt: startingWith(prefix).lt,
  };
  const records: (StoredRecord & { SequenceNumber: string })[] = [];
  let bytes = 0;
  for await (const [key, value] of context.db.iterator(range)) {
    const record = value as StoredRecord;
    if (record.ApproximateArrivalTimestamp < horizon) continue;
    bytes += record.Data.length * 0.75;
    const full = records.length === limit || (records.length > 0 && bytes > PAGE_BYTES);
    if (full) return { records, more: true };
    records.push({ ...record, SequenceNumber: key.slice(prefix.length) });
  }
  return { records, more: false };
}

function childrenOf(stream: Stream, { ShardId: id }: Shard) {
  return stream.Shards.filter(
    ({ ParentShardId, AdjacentParentShardId }) =>
      ParentShardId === id || AdjacentParentShardId === id,
  ).map(({ ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange }) => ({
    ShardId,
    ParentShards: [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined),
    HashKeyRange,
  }));
}

const horizonOf = (context: Context, stream: Stream) =>
  context.now() / 1_000 - stream.RetentionPeriodHours * 3_600;

/** Deletes the records that are past their stream's retention. */
export async function trimRecords(context: Context): Promise<void> {
  for (const stream of context.streams.values()) {
    const horizon = horizonOf(context, stream);
    for (const { ShardId } of stream.Shards) {
      const old: string[] = [];
      const range = startingWith(keys.shard(stream.StreamName, ShardId));
      for await (const [key, value] of context.db.iterator(range)) {
        if ((value as StoredRecord).ApproximateArrivalTimestamp >= horizon) break;
        old.push(key);
      }
      if (old.length > 0) await context.queue.commit(old.map((key) => ({ type: 'del', key })));
    }
  }
}

function invalidArgument(message: string) {
  return new ServiceError('InvalidArgumentException', message);
}

/** Operations on records. */
export const recordOperations: [string, Operation<Context>][] = [
  ['GetRecords', getRecords],
  ['GetShardIterator', getShardIterator],
  ['PutRecord', putRecord],
  ['PutRecords', putRecords],
];
