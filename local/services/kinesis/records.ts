import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type StoreOperation, startingWith } from '../key-value-store.ts';
import { listOf, type Operation, operation, ServiceError } from '../operations.ts';
import type { Context, Shard, Stream } from './context.ts';
import {
  hashKey,
  invalidArgument,
  isOpen,
  keys,
  limit,
  name,
  SEQUENCE_DIGITS,
  shardIndex,
  shardOf,
  streamMembers,
  streamOf,
  tokensOf,
} from './context.ts';

const RECORD_BYTES = 1024 * 1024;
const PAGE_BYTES = 10 * RECORD_BYTES;
const ITERATOR_MS = 300_000;

/** A record as it is kept; its key holds its shard and sequence number. */
interface StoredRecord {
  PartitionKey: string;
  /** Base64. */
  Data: string;
  /** Epoch seconds. */
  ApproximateArrivalTimestamp: number;
}

const isBase64 = (data: string) => data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
const bytesOf = ({ Data, PartitionKey }: Pick<StoredRecord, 'Data' | 'PartitionKey'>) =>
  Buffer.byteLength(Data, 'base64') + Buffer.byteLength(PartitionKey);

const recordSchema = z
  .object({
    Data: z.string().refine(isBase64, 'must be base64'),
    PartitionKey: z.string().min(1).max(256),
    ExplicitHashKey: hashKey.nullish(),
  })
  .refine((record) => bytesOf(record) <= RECORD_BYTES, {
    error: `data and partition key must have at most ${RECORD_BYTES} bytes together`,
  });
type NewRecord = z.output<typeof recordSchema>;

/** Writes records in their order, in one indivisible write. */
async function write(context: Context, stream: Stream, records: readonly NewRecord[]) {
  const open = stream.Shards.filter(isOpen).map(({ ShardId, HashKeyRange }) => ({
    ShardId,
    end: BigInt(HashKeyRange.EndingHashKey),
    start: BigInt(HashKeyRange.StartingHashKey),
  }));
  const ApproximateArrivalTimestamp = context.now() / 1_000;
  const puts: StoreOperation[] = [];
  const answers = records.map(({ Data, PartitionKey, ExplicitHashKey }) => {
    const md5 = () => `0x${createHash('md5').update(PartitionKey).digest('hex')}`;
    const hash = BigInt(ExplicitHashKey ?? md5());
    const ShardId = open.find(({ start, end }) => start <= hash && hash <= end)?.ShardId;
    if (ShardId === undefined) throw invalidArgument(`ExplicitHashKey: ${hash} is over 128 bits`);
    const SequenceNumber = context.sequence.next(ShardId);
    const key = `${keys.shard(stream.StreamName, ShardId)}${SequenceNumber}`;
    const value: StoredRecord = { PartitionKey, Data, ApproximateArrivalTimestamp };
    puts.push({ type: 'put', key, value });
    return { ShardId, SequenceNumber };
  });
  await context.queue.commit(puts);
  return answers;
}

const putRecord = operation(
  z.object(streamMembers).and(recordSchema),
  async (context: Context, input) => (await write(context, streamOf(context, input), [input]))[0],
);

const putRecords = operation(
  z.object({ ...streamMembers, Records: listOf(recordSchema, 500, 1) }),
  async (context: Context, input) => {
    const stream = streamOf(context, input);
    if (input.Records.reduce((sum, record) => sum + bytesOf(record), 0) > PAGE_BYTES) {
      throw invalidArgument('Records size exceeds 10 MB limit');
    }
    return { FailedRecordCount: 0, Records: await write(context, stream, input.Records) };
  },
);

const iterators = tokensOf(
  z.object({
    StreamName: name,
    ShardId: name,
    /** The least sequence number that may come; with a `+` after it, that number has come already. */
    from: z.string().regex(/^\d*\+?$/),
    issuedAt: z.number(),
  }),
  'Invalid ShardIterator.',
);

const iteratorInput = z.object({
  ...streamMembers,
  ShardId: name,
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
});

const getShardIterator = operation(iteratorInput, async (context: Context, input) => {
  const stream = streamOf(context, input);
  const shard = shardOf(stream, input.ShardId);
  const from = await placeOf(context, stream, shard, input);
  const { StreamName } = stream;
  const position = { StreamName, ShardId: shard.ShardId, from, issuedAt: context.now() };
  return { ShardIterator: iterators.write(position) };
});

async function placeOf(
  context: Context,
  stream: Stream,
  { ShardId }: Shard,
  input: z.output<typeof iteratorInput>,
): Promise<string> {
  const { ShardIteratorType: type, StartingSequenceNumber: number, Timestamp: time } = input;
  if (type === 'TRIM_HORIZON') return '';
  if (type === 'LATEST') {
    const from = context.sequence.next(ShardId);
    await context.queue.settled();
    return from;
  }
  if (type === 'AT_TIMESTAMP') {
    if (time == null) throw invalidArgument('Must specify Timestamp for AT_TIMESTAMP.');
    const now = context.now();
    if (time * 1_000 > now) {
      throw invalidArgument(
        `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${time * 1_000}, currentTimestampInMillis: ${now}`,
      );
    }
    return firstSince(context, keys.shard(stream.StreamName, ShardId), time);
  }
  if (!number) throw invalidArgument(`Must specify StartingSequenceNumber for ${type}.`);
  const ofOther = number.startsWith('5') && Number(number.slice(36)) !== shardIndex(ShardId);
  if (number.length > SEQUENCE_DIGITS || (number.length === SEQUENCE_DIGITS && ofOther)) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. ${number} is not of ${ShardId} in stream ${stream.StreamName}`,
    );
  }
  const from = number.padStart(SEQUENCE_DIGITS, '0');
  return type === 'AT_SEQUENCE_NUMBER' ? from : `${from}+`;
}

/** Where the records of a shard begin that arrived at a time or later, in epoch seconds. */
async function firstSince({ db, sequence }: Context, shardKey: string, time: number) {
  // Numbers that kinesalite gave hold no time that can be read off.
  for await (const [key, value] of db.iterator({ gte: shardKey, lt: `${shardKey}5` })) {
    const { ApproximateArrivalTimestamp } = value as StoredRecord;
    if (ApproximateArrivalTimestamp >= time) return key.slice(shardKey.length);
  }
  return sequence.from(time * 1_000);
}

const getRecords = operation(
  z.object({
    ShardIterator: z.string().min(1).max(512),
    Limit: limit,
    StreamARN: streamMembers.StreamARN,
  }),
  async (context: Context, { ShardIterator, Limit }) => {
    const position = iterators.read(ShardIterator);
    const now = context.now();
    if (now - position.issuedAt > ITERATOR_MS) {
      throw new ServiceError(
        'ExpiredIteratorException',
        `Iterator expired. The iterator was created at time ${new Date(position.issuedAt).toUTCString()} which is more than ${ITERATOR_MS} milliseconds ago.`,
      );
    }
    const stream = streamOf(context, position);
    const shard = shardOf(stream, position.ShardId);
    // The end is looked at first: a record that comes meanwhile then has its turn in the next call.
    const closed = !isOpen(shard);
    await context.queue.settled();
    const { records, more } = await read(context, stream, position, Limit ?? 10_000);
    const last = records.at(-1);
    const from = last ? `${last.SequenceNumber}+` : position.from;
    const behind = more && last ? now - last.ApproximateArrivalTimestamp * 1_000 : 0;
    return {
      Records: records,
      MillisBehindLatest: Math.max(0, Math.round(behind)),
      ...(closed && !more
        ? { ChildShards: childrenOf(stream, shard) }
        : { NextShardIterator: iterators.write({ ...position, from, issuedAt: now }) }),
    };
  },
);

async function read(
  context: Context,
  stream: Stream,
  { ShardId, from }: { ShardId: string; from: string },
  most: number,
) {
  const shardKey = keys.shard(stream.StreamName, ShardId);
  const horizon = horizonOf(context, stream);
  const records: (StoredRecord & { SequenceNumber: string })[] = [];
  let bytes = 0;
  const range = { gte: `${shardKey}${from}`, lt: startingWith(shardKey).lt };
  for await (const [key, value] of context.db.iterator(range)) {
    const record = value as StoredRecord;
    if (record.ApproximateArrivalTimestamp < horizon) continue;
    bytes += Buffer.byteLength(record.Data, 'base64');
    const full = records.length === most || (records.length > 0 && bytes > PAGE_BYTES);
    if (full) return { records, more: true };
    records.push({ ...record, SequenceNumber: key.slice(shardKey.length) });
  }
  return { records, more: false };
}

function childrenOf({ Shards }: Stream, parent: Shard) {
  return Shards.map(({ ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange }) => ({
    ShardId,
    ParentShards: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
    HashKeyRange,
  })).filter(({ ParentShards }) => ParentShards.includes(parent.ShardId));
}

/** Before when records are past their stream's retention, in epoch seconds. */
const horizonOf = (context: Context, { RetentionPeriodHours }: Stream) =>
  context.now() / 1_000 - RetentionPeriodHours * 3_600;

/** Deletes the records that are past their stream's retention. */
export async function trimRecords(context: Context): Promise<void> {
  for (const stream of context.streams.values()) {
    for (const { ShardId } of stream.Shards) {
      const shardKey = keys.shard(stream.StreamName, ShardId);
      const first = await firstSince(context, shardKey, horizonOf(context, stream));
      await context.db.clear({ gte: shardKey, lt: `${shardKey}${first}` });
    }
  }
}

/** Operations on records. */
export const recordOperations: [string, Operation<Context>][] = [
  ['GetRecords', getRecords],
  ['GetShardIterator', getShardIterator],
  ['PutRecord', putRecord],
  ['PutRecords', putRecords],
];
