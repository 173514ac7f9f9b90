import { z } from 'zod';
import { parseInput } from '../../parse-input.ts';
import type { Operation } from '../context.ts';

const schema = z.object({
  TableName: z.string().nullish(),
  Limit: z.int().min(1).max(100).nullish(),
  ExclusiveStartStreamArn: z.string().nullish(),
});

/** ListStreams, in the order of their ARNs. */
export const listStreams: Operation = async ({ streams, queue }, input) => {
  const { TableName, Limit, ExclusiveStartStreamArn: start } = parseInput(schema, input);
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
