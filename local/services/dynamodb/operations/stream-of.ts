import { ServiceError } from '../../service-error.ts';
import type { Streams } from '../streams/streams.ts';
import type { Shard, Stream } from '../streams/types.ts';

/** The stream of an ARN, or the service's error. */
export function streamOf(streams: Streams, arn: string): Stream {
  const stream = streams.byArn(arn);
  if (stream !== undefined) return stream;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Stream: ${arn} not found`,
  );
}

/** The shard of an id, or the service's error. */
export function shardById(stream: Stream, shardId: string): Shard {
  const shard = stream.shards.find((s) => s.shardId === shardId);
  if (shard !== undefined) return shard;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Shard: ${shardId} in Stream: ${stream.arn} not found`,
  );
}
