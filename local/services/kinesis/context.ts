import { z } from 'zod';
import type { CommitQueue, KeyValueStore, StoreOperation } from '../key-value-store.ts';
import { ServiceError, validationException } from '../operations.ts';

/** A shard as the service describes it. */
export interface Shard {
  ShardId: string;
  ParentShardId?: string;
  AdjacentParentShardId?: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
  SequenceNumberRange: { StartingSequenceNumber: string; EndingSequenceNumber?: string };
}

/** A stream as it is kept. */
export interface Stream {
  StreamName: string;
  StreamARN: string;
  StreamStatus: 'ACTIVE' | 'DELETING';
  /** Epoch seconds. */
  StreamCreationTimestamp: number;
  RetentionPeriodHours: number;
  Shards: Shard[];
}

/** What every operation works on. */
export interface Context {
  db: KeyValueStore;
  queue: CommitQueue;
  streams: Map<string, Stream>;
  sequence: ReturnType<typeof createSequence>;
  region: string;
  /** The clock, in epoch milliseconds. */
  now: () => number;
}

/**
 * Keys of the store, and its layout: those of kinesalite, which kept the data before, so that a folder of its making
 * opens as it is. Its sequence numbers have 56 digits and begin with 49; ours begin with 5, and so come after them.
 */
export const keys = {
  stream: (name = '') => `!meta!${name}`,
  records: (name: string) => `!stream-${name}!`,
  shard: (name: string, shardId: string) =>
    `!stream-${name}!${shardIndex(shardId).toString(16).padStart(8, '0')}/`,
};

/** The write that keeps a stream. */
export function save(stream: Stream): StoreOperation {
  return { type: 'put', key: keys.stream(stream.StreamName), value: stream };
}

/** A shard's number, which its id ends with. */
export const shardIndex = (shardId: string) => Number(shardId.slice('shardId-'.length));

/** The id of the shard of a number. */
export const shardIdOf = (index: number) => `shardId-${String(index).padStart(12, '0')}`;

/** Digits of a sequence number. */
export const SEQUENCE_DIGITS = 56;

/** Sequence numbers: a 5, the time in milliseconds, a count, and the shard's number. */
export function createSequence(now: () => number) {
  let milliseconds = 0;
  let count = 0;
  const at = (ms: number, n: number, index: number) =>
    `5${String(ms).padStart(15, '0')}${String(n).padStart(20, '0')}${String(index).padStart(20, '0')}`;
  return {
    next: (shardId: string) => {
      milliseconds = Math.max(milliseconds, now());
      count += 1;
      return at(milliseconds, count, shardIndex(shardId));
    },
    /** Below every number given from that moment on. */
    from: (ms: number) => at(Math.max(0, Math.ceil(ms - 0.001)), 0, 0),
    /** Goes on after a number, should the clock have been put back. */
    resume: (last: string) => {
      if (last.startsWith('5'))
        milliseconds = Math.max(milliseconds, Number(last.slice(1, 16)) + 1);
    },
  };
}

/** A name of a stream or of a shard. */
export const name = z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'is not a name');

/** A place in the hash keys of 128 bits. */
export const hashKey = z
  .string()
  .regex(/^(0|[1-9]\d{0,38})$/, 'must be a whole number of 128 bits');

/** The most that a page may be asked to hold. */
export const limit = z.int().min(1).max(10_000).nullish();

/** A member that AWS has and the stand-in has not. */
export const notOffered = z.never({ error: 'is not offered by the local Kinesis' }).optional();

/** How an input names its stream. */
export const streamMembers = {
  StreamName: name.nullish(),
  StreamARN: z
    .string()
    .max(2048)
    .regex(/^arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream\/\S+$/, 'is not the ARN of a stream')
    .nullish(),
};
type StreamInput = z.output<z.ZodObject<typeof streamMembers>>;

/**
 * The stream that an input names by name or ARN.
 *
 * @throws {ServiceError} where there is none
 */
export function streamOf({ streams }: Context, { StreamName, StreamARN }: StreamInput): Stream {
  const wanted = StreamName ?? StreamARN?.split(':stream/')[1];
  if (wanted === undefined) throw validationException('StreamName or StreamARN: is required');
  const stream = streams.get(wanted);
  if (stream?.StreamStatus === 'ACTIVE' && (StreamARN ?? stream.StreamARN) === stream.StreamARN) {
    return stream;
  }
  throw new ServiceError('ResourceNotFoundException', `Stream ${StreamARN ?? wanted} not found.`);
}

/**
 * The shard of an id.
 *
 * @throws {ServiceError} where there is none
 */
export function shardOf({ Shards, StreamName }: Stream, id: string): Shard {
  const shard = Shards.find(({ ShardId }) => ShardId === id);
  if (shard !== undefined) return shard;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Shard ${id} in stream ${StreamName} does not exist`,
  );
}

/** Whether a shard takes records. */
export function isOpen({ SequenceNumberRange }: Shard): boolean {
  return SequenceNumberRange.EndingSequenceNumber === undefined;
}

/** The error of an input that is well formed and makes no sense. */
export function invalidArgument(message: string): ServiceError {
  return new ServiceError('InvalidArgumentException', message);
}

/** Texts that stand for a place, and that this service alone can read; the message is for all others. */
export function tokensOf<Schema extends z.ZodType>(place: Schema, message: string) {
  return {
    write: (value: z.output<Schema>) => Buffer.from(JSON.stringify(value)).toString('base64'),
    read: (token: string) => {
      try {
        return place.parse(JSON.parse(Buffer.from(token, 'base64').toString('utf8')));
      } catch {
        throw invalidArgument(message);
      }
    },
  };
}

/** Of things in the order of their names those behind one, as many as asked for, and the last one's name where more follow. */
export function pageOf<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  after: string | null | undefined,
  most: number,
) {
  const rest = items.filter((item) => nameOf(item) > (after ?? ''));
  const page = rest.slice(0, most);
  return { page, last: page.length < rest.length ? page.map(nameOf).at(-1) : undefined };
}
