import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { StoreOperation } from '../key-value-store.ts';
import { listOf, operation } from '../operations.ts';
import type { KinesisContext, StoredRecord, StoredShard, StoredStream } from './stored-stream.ts';
import {
  invalidArgument,
  isOpen,
  keys,
  members,
  nextNumber,
  onStream,
  PAGE_BYTES,
  shardIndex,
  shardOf,
  streamOf,
} from './stored-stream.ts';

const RECORD_BYTES = 1024 * 1024;
/** Digits of a sequence number. */
const SEQUENCE_DIGITS = 56;

const isBase64 = (data: string) => data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
const bytesOf = ({ Data, PartitionKey }: Pick<StoredRecord, 'Data' | 'PartitionKey'>) =>
  Buffer.byteLength(Data, 'base64') + Buffer.byteLength(PartitionKey);

const recordSchema = z
  .object({
    Data: z.string().refine(isBase64, 'must be base64'),
    PartitionKey: z.string().min(1).max(256),
    ExplicitHashKey: members.hashKey.nullish(),
  })
  .refine((record) => bytesOf(record) <= RECORD_BYTES, {
    error: `data and partition key must have at most ${RECORD_BYTES} bytes together`,
  });
type NewRecord = z.output<typeof recordSchema>;

/** Writes records in their order, in one indivisible write. */
async function write(context: KinesisContext, stream: StoredStream, records: readonly NewRecord[]) {
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
    const SequenceNumber = nextNumber(context, ShardId);
    const key = `${keys.shard(stream.StreamName, ShardId)}${SequenceNumber}`;
    const value: StoredRecord = { PartitionKey, Data, ApproximateArrivalTimestamp };
    puts.push({ type: 'put', key, value });
    return { ShardId, SequenceNumber };
  });
  await context.store.commit(puts);
  return answers;
}

const iteratorSchema = z.object({
  ShardId: members.name,
  ShardIteratorType: z.enum([
    'AT_SEQUENCE_NUMBER',
    'AFTER_SEQUENCE_NUMBER',
    'TRIM_HORIZON',
    'LATEST',
    'AT_TIMESTAMP',
  ]),
  StartingSequenceNumber: z
    .string()
    .regex(/^\d{1,56}$/, 'must be a sequence number')
    .nullish(),
  Timestamp: z.number().nullish(),
});

async function startOf(
  { log, now }: KinesisContext,
  { StreamName }: StoredStream,
  input: z.output<typeof iteratorSchema>,
): Promise<string> {
  const { ShardId, ShardIteratorType: type, StartingSequenceNumber: number, Timestamp } = input;
  if (type === 'TRIM_HORIZON') return '';
  if (type === 'LATEST') return log.latest();
  if (type === 'AT_TIMESTAMP') {
    if (Timestamp == null) throw invalidArgument('Must specify Timestamp for AT_TIMESTAMP.');
    const time = Timestamp * 1_000;
    if (time <= now()) return log.firstSince(keys.shard(StreamName, ShardId), time);
    throw invalidArgument(`Timestamp: ${time} is later than the current time ${now()}`);
  }
  if (!number) throw invalidArgument(`Must specify StartingSequenceNumber for ${type}.`);
  const from = number.padStart(SEQUENCE_DIGITS, '0');
  if (from.startsWith('5') && Number(from.slice(36)) !== shardIndex(ShardId)) {
    throw invalidArgument(`StartingSequenceNumber: ${number} is not of ${ShardId}`);
  }
  return type === 'AT_SEQUENCE_NUMBER' ? from : `${from}+`;
}

function childrenOf({ Shards }: StoredStream, parent: StoredShard) {
  return Shards.map(({ ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange }) => ({
    ShardId,
    ParentShards: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
    HashKeyRange,
  })).filter(({ ParentShards }) => ParentShards.includes(parent.ShardId));
}

/** Before when records are past their stream's retention, in epoch milliseconds. */
const horizonOf = ({ now }: KinesisContext, { RetentionPeriodHours }: StoredStream) =>
  now() - RetentionPeriodHours * 3_600_000;

/** Deletes the records that are past their stream's retention. */
export async function trimRecords(context: KinesisContext): Promise<void> {
  for (const stream of context.streams.values()) {
    for (const { ShardId } of stream.Shards) {
      await context.log.trim(keys.shard(stream.StreamName, ShardId), horizonOf(context, stream));
    }
  }
}

/** Operations on records. */
export const recordOperations = {
  GetRecords: operation(
    z.object({
      ShardIterator: z.string().min(1).max(512),
      Limit: members.limit,
      StreamARN: members.stream.StreamARN,
    }),
    async (context: KinesisContext, { ShardIterator, Limit }) => {
      const { log, now } = context;
      const place = log.placeOf(ShardIterator);
      const stream = streamOf(context, { StreamName: place.stream });
      const shard = shardOf(stream, place.shard);
      // The end is looked at first: a record that comes meanwhile then has its turn in the next call.
      const closed = !isOpen(shard);
      const prefix = keys.shard(place.stream, place.shard);
      const first = await log.firstSince(prefix, horizonOf(context, stream));
      const { records, more, next } = await log.read(prefix, place, first, Limit ?? 10_000);
      const [, last] = records.at(-1) ?? [];
      const behind = more && last ? now() - last.ApproximateArrivalTimestamp * 1_000 : 0;
      return {
        Records: records.map(([SequenceNumber, record]) => ({ ...record, SequenceNumber })),
        MillisBehindLatest: Math.max(0, Math.round(behind)),
        ...(closed && !more
          ? { ChildShards: childrenOf(stream, shard) }
          : { NextShardIterator: next }),
      };
    },
  ),
  GetShardIterator: onStream(iteratorSchema, async (context, stream, input) => {
    const { ShardId: shard } = shardOf(stream, input.ShardId);
    const from = await startOf(context, stream, input);
    return { ShardIterator: context.log.iteratorAt({ stream: stream.StreamName, shard, from }) };
  }),
  PutRecord: onStream(
    recordSchema,
    async (context, stream, record) => (await write(context, stream, [record]))[0],
  ),
  PutRecords: onStream(
    z.object({ Records: listOf(recordSchema, 500, 1) }),
    async (context, stream, { Records }) => {
      if (Records.reduce((sum, record) => sum + bytesOf(record), 0) > PAGE_BYTES) {
        throw invalidArgument('Records size exceeds 10 MB limit');
      }
      return { FailedRecordCount: 0, Records: await write(context, stream, Records) };
    },
  ),
};
