import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { ServiceError } from '../../service-error.ts';
import type { Operation } from '../context.ts';
import { keys, startingWith } from '../keys.ts';
import { decodeIterator, encodeIterator } from '../streams/iterator.ts';
import type { StreamRecord } from '../streams/types.ts';
import { shardById, streamOf } from './stream-of.ts';

const MAX_BYTES = 1024 * 1024;

const schema = z.object({
  ShardIterator: z.string().min(1).max(2048),
  Limit: z.int().min(1).max(1_000).nullish(),
});

/** GetRecords: up to 1,000 records or 1 MB; no next iterator once a closed shard is read to its end. */
export const getRecords: Operation = async (context, input) => {
  const { ShardIterator, Limit } = parseInput(schema, input);
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
