import * as z from 'zod';
import { entry, type KeyValueStore, startingWith, valuesOf } from '../key-value-store.ts';
import { operation, resourceNotFound, ServiceError, validationException } from '../operations.ts';
import { createRecordLog, type LogShard } from '../record-log.ts';

/** A shard as it is kept and answered. */
export interface StoredShard extends LogShard {
  AdjacentParentShardId?: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
}

/** A stream as it is kept. */
export interface StoredStream {
  StreamName: string;
  StreamARN: string;
  StreamStatus: 'ACTIVE' | 'DELETING';
  /** Epoch seconds. */
  StreamCreationTimestamp: number;
  RetentionPeriodHours: number;
  Shards: StoredShard[];
}

/** A record as it is kept; its key holds its shard and sequence number. */
export interface StoredRecord {
  PartitionKey: string;
  /** Base64. */
  Data: string;
  /** Epoch seconds. */
  ApproximateArrivalTimestamp: number;
}

/** Most bytes of the data of one page of records. */
export const PAGE_BYTES = 10 * 1024 * 1024;

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
export const save = (stream: StoredStream) => entry(keys.stream(stream.StreamName), stream);

/** A shard's number, which its id ends with. */
const shardIndex = (shardId: string) => Number(shardId.slice('shardId-'.length));

/** What every operation works on. */
export type KinesisContext = Awaited<ReturnType<typeof openStreams>>;

/** Reads the streams of a store back, and ends the deletions that the last process left half-way. */
export async function openStreams(store: KeyValueStore, now: () => number) {
  const streams = new Map<string, StoredStream>();
  const log = createRecordLog<StoredStream, StoredRecord>(store, now, {
    streamOf: (StreamName) => streamOf({ streams }, { StreamName }),
    nameOf: ({ StreamName }) => StreamName,
    prefixOf: keys.shard,
    suffixOf: (shardId) => String(shardIndex(shardId)).padStart(20, '0'),
    retentionMs: ({ RetentionPeriodHours }) => RetentionPeriodHours * 3_600_000,
    bytesOf: ({ Data }) => Buffer.byteLength(Data, 'base64'),
    arrivedAt: ({ ApproximateArrivalTimestamp }) => ApproximateArrivalTimestamp,
    pageBytes: PAGE_BYTES,
    iteratorMs: 300_000,
    invalid: invalidArgument,
  });
  for (const stream of await valuesOf<StoredStream>(store, keys.stream())) {
    // kinesalite gave a stream its shards once it was active: one without them took no record yet.
    if (stream.StreamStatus === 'DELETING' || stream.Shards.length === 0) {
      await store.clear(startingWith(keys.records(stream.StreamName)));
      await store.commit([entry(keys.stream(stream.StreamName), undefined)]);
      continue;
    }
    // Older folders know more states; each of them ended with its process.
    streams.set(stream.StreamName, { ...stream, StreamStatus: 'ACTIVE' });
    await log.resume(stream);
  }
  return { store, log, streams, now };
}

const name = z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'is not a name');
const streamMembers = {
  StreamName: name.nullish(),
  StreamARN: z
    .string()
    .max(2048)
    .regex(/^arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream\/\S+$/, 'is not the ARN of a stream')
    .nullish(),
};

/** What several inputs have. */
export const members = {
  /** How an input names its stream. */
  stream: streamMembers,
  /** A name of a stream or of a shard. */
  name,
  hashKey: z.string().regex(/^(0|[1-9]\d{0,38})$/, 'must be a whole number of 128 bits'),
  /** The most that a page may be asked to hold. */
  limit: z.int().min(1).max(10_000).nullish(),
  /** Of AWS, and not of the stand-in. */
  notOffered: z.never({ error: 'is not offered by the local Kinesis' }).optional(),
};

/**
 * The stream that an input names by name or ARN.
 *
 * @throws {ServiceError} where there is none
 */
export function streamOf(
  { streams }: { streams: ReadonlyMap<string, StoredStream> },
  { StreamName, StreamARN }: z.output<z.ZodObject<typeof streamMembers>>,
): StoredStream {
  const wanted = StreamName ?? StreamARN?.split(':stream/')[1];
  if (wanted === undefined) throw validationException('StreamName or StreamARN: is required');
  const stream = streams.get(wanted);
  if (stream?.StreamStatus === 'ACTIVE' && (StreamARN ?? stream.StreamARN) === stream.StreamARN) {
    return stream;
  }
  throw resourceNotFound(`Stream ${StreamARN ?? wanted} not found.`);
}

/** An operation on the stream that its input names, with what else its input holds. */
export function onStream<Schema extends z.ZodType>(
  schema: Schema,
  run: (context: KinesisContext, stream: StoredStream, input: z.output<Schema>) => unknown,
) {
  return operation(z.object(streamMembers).and(schema), (context: KinesisContext, input) =>
    run(context, streamOf(context, input), input),
  );
}

/** The error of an input that is well formed and makes no sense. */
export function invalidArgument(message: string): ServiceError {
  return new ServiceError('InvalidArgumentException', message);
}
