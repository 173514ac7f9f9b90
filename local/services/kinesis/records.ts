import { createHash } from 'node:crypto';
import * as z from 'zod';
import { entry, type StoreOperation } from '../key-value-store.ts';
import { listOf, operation } from '../operations.ts';
import { ITERATOR_TYPES, isOpen } from '../record-log.ts';
import type { KinesisContext, StoredRecord, StoredShard, StoredStream } from './stored-stream.ts';
import { invalidArgument, keys, members, onStream, PAGE_BYTES } from './stored-stream.ts';

const RECORD_BYTES = 1024 * 1024;

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
    const SequenceNumber = context.log.nextNumber(ShardId);
    const key = `${keys.shard(stream.StreamName, ShardId)}${SequenceNumber}`;
    const record: StoredRecord = { PartitionKey, Data, ApproximateArrivalTimestamp };
    puts.push(entry(key, record));
    return { ShardId, SequenceNumber };
  });
  await context.store.commit(puts);
  return answers;
}

function childrenOf({ Shards }: StoredStream, { ShardId: parent }: StoredShard) {
  return Shards.map(({ ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange }) => ({
    ShardId,
    ParentShards: [ParentShardId, AdjacentParentShardId].filter(Boolean),
    HashKeyRange,
  })).filter(({ ParentShards }) => ParentShards.includes(parent));
}

/** Operations on records. */
export const recordOperations = {
  GetRecords: operation(
    z.object({
      ShardIterator: z.string().min(1).max(512),
      Limit: members.limit,
      StreamARN: members.stream.StreamARN,
    }),
    async ({ log, now }: KinesisContext, { ShardIterator, Limit }) => {
      const page = await log.getRecords(ShardIterator, Limit ?? 10_000);
      const { stream, shard, records, more, NextShardIterator } = page;
      const [, last] = records.at(-1) ?? [];
      const behind = more && last ? now() - last.ApproximateArrivalTimestamp * 1_000 : 0;
      return {
        Records: records.map(([SequenceNumber, record]) => ({ ...record, SequenceNumber })),
        MillisBehindLatest: Math.max(0, Math.round(behind)),
        ...(NextShardIterator === undefined
          ? { ChildShards: childrenOf(stream, shard) }
          : { NextShardIterator }),
      };
    },
  ),
  GetShardIterator: onStream(
    z.object({
      ShardId: members.name,
      ShardIteratorType: z.enum([...ITERATOR_TYPES, 'AT_TIMESTAMP']),
      StartingSequenceNumber: z
        .string()
        .regex(/^\d{1,56}$/, 'must be a sequence number')
        .nullish(),
      Timestamp: z.number().nullish(),
    }),
    ({ log }, stream, { StartingSequenceNumber: SequenceNumber, ...input }) =>
      log.getShardIterator(stream, { ...input, SequenceNumber }),
  ),
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
