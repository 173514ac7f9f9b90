import { z } from 'zod';
import { ServiceError, validationException } from '../../service-error.ts';

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
export type Position = z.output<typeof positionSchema>;

/** A shard iterator as it goes out. */
export function encodeIterator(position: Position): string {
  const token = Buffer.from(JSON.stringify(position)).toString('base64url');
  return `${position.arn}|1|${token}`;
}

/** The place that a shard iterator names. */
export function decodeIterator(iterator: string, now: number, lifetimeMs: number): Position {
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
