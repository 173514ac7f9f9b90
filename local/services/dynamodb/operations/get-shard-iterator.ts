import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import { ServiceError, validationException } from '../../service-error.ts';
import type { Operation } from '../context.ts';
import { encodeIterator } from '../streams/iterator.ts';
import { before, padded } from '../streams/sequence.ts';
import type { Shard } from '../streams/types.ts';
import { shardById, streamOf } from './stream-of.ts';

const schema = z.object({
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
export const getShardIterator: Operation = async ({ streams, queue, now }, input) => {
  const wanted = parseInput(schema, input);
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

function startOf(shard: Shard, wanted: z.output<typeof schema>, last: string): string {
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
