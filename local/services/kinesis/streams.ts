import { z } from 'zod';
import type { CommitQueue, KeyValueStore, StoreOperation } from '../key-value-store.ts';
import { startingWith } from '../key-value-store.ts';
import { type Operation, operation, ServiceError, validationException } from '../operations.ts';

const HASH_KEYS = 2n ** 128n;
const MIB = 1024 * 1024;

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
  StreamStatus: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';
  /** Epoch seconds. */
  StreamCreationTimestamp: number;
  RetentionPeriodHours: number;
  MaxRecordSizeInKiB?: number;
  Shards: Shard[];
}

/** What every operation works on. */
export interface Context {
  db: KeyValueStore;
  queue: CommitQueue;
  streams: Map<string, Stream>;
  sequence: Sequence;
  now: () => number;
  region: string;
  account: string;
  shardLimit: number;
  /** Does something after a delay, at once where there is none; forgotten when the service closes. */
  later(ms: number, task: () => Promise<void>): Promise<void>;
  delays: { create: number; delete: number; update: number };
}

/**
 * Keys of the store, and its layout: those of kinesalite, which kept the data before, so that a folder of its making
 * opens as it is. Its sequence numbers have 56 digits and begin with 49; ours begin with 5, and so come after them.
 */
export const keys = {
  stream: (name = '') => `!meta!${name}`,
  records: (name: string) => `!stream-${name}!`,
  shard: (name: string, shardId: string) =>
    `!stream-${name}!${Number(shardId.slice('shardId-'.length)).toString(16).padStart(8, '0')}/`,
};

/** Sequence numbers: the time in milliseconds, a count, and the shard's number. */
export function createSequence(now: () => number) {
  let milliseconds = 0;
  let count = 0;
  const at = (ms: number, n: number, shardIndex: number) =>
    `5${String(ms).padStart(15, '0')}${String(n).padStart(20, '0')}${String(shardIndex).padStart(20, '0')}`;
  return {
    next: (shardId = '0') => {
      milliseconds = Math.max(milliseconds, now());
      count += 1;
      return at(milliseconds, count, Number(shardId.replace('shardId-', '')));
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
type Sequence = ReturnType<typeof createSequence>;

/** The shard that a number of ours was given for. */
export function shardIdOf(sequenceNumber: string): string | undefined {
  if (!/^5\d{55}$/.test(sequenceNumber)) return undefined;
  return shardName(Number(sequenceNumber.slice(36)));
}

const shardName = (index: number) => `shardId-${String(index).padStart(12, '0')}`;
const streamName = z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'is not a name of a stream');
const shardId = z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'is not a shard id');
const hashKey = z.string().regex(/^(0|[1-9]\d{0,38})$/, 'must be a whole number of 128 bits');
const recordSize = z.int().min(1024).max(10_240);

/** How an input names its stream. */
export const streamMembers = {
  StreamName: streamName.nullish(),
  StreamARN: z
    .string()
    .max(2048)
    .regex(/^arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream\/\S+$/, 'is not the ARN of a stream')
    .nullish(),
};
/** Members of inputs that name shards and places. */
export const memberSchemas = { shardId, hashKey, streamName };

/**
 * The stream that an input names by name or ARN.
 *
 * @throws {ServiceError} where there is none
 */
export function streamOf(
  context: Context,
  input: { StreamName?: string | null | undefined; StreamARN?: string | null | undefined },
): Stream {
  const name = input.StreamName ?? input.StreamARN?.split(':stream/')[1];
  if (name === undefined) throw validationException('StreamName or StreamARN: is required');
  const stream = context.streams.get(name);
  if (stream === undefined || (input.StreamARN ?? stream.StreamARN) !== stream.StreamARN) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Stream ${name} under account ${context.account} not found.`,
    );
  }
  return stream;
}

/** The stream that an input names, where it can be read and written. */
export function activeStreamOf(context: Context, input: Parameters<typeof streamOf>[1]): Stream {
  const stream = streamOf(context, input);
  if (stream.StreamStatus === 'ACTIVE' || stream.StreamStatus === 'UPDATING') return stream;
  throw inUse(context, stream);
}

/** The shard of an id. */
export function shardOf(context: Context, stream: Stream, id: string): Shard {
  const shard = stream.Shards.find(({ ShardId }) => ShardId === id);
  if (shard !== undefined) return shard;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Shard ${id} in stream ${stream.StreamName} under account ${context.account} does not exist`,
  );
}

/** Whether a shard takes records. */
export function isOpen(shard: Shard): boolean {
  return shard.SequenceNumberRange.EndingSequenceNumber === undefined;
}

/** Reads the streams back, and ends what the last process left half-way: its timers died with it. */
export async function loadStreams(context: Context): Promise<void> {
  const { db, streams, sequence } = context;
  for await (const [key, value] of db.iterator(startingWith(keys.stream()))) {
    const stream = value as Stream;
    // kinesalite gave a stream its shards once it was active: one without them took no record yet.
    if (stream.StreamStatus === 'DELETING' || stream.Shards.length === 0) {
      await db.clear(startingWith(keys.records(stream.StreamName)));
      await db.batch([{ type: 'del', key }]);
      continue;
    }
    streams.set(stream.StreamName, { ...stream, StreamStatus: 'ACTIVE' });
    for (const { ShardId } of stream.Shards.filter(isOpen)) {
      const prefix = keys.shard(stream.StreamName, ShardId);
      const last = db.iterator({ ...startingWith(prefix), reverse: true, limit: 1 });
      for await (const [record] of last) sequence.resume(record.slice(prefix.length));
    }
  }
}

function inUse(context: Context, { StreamName, StreamStatus }: Stream) {
  return new ServiceError(
    'ResourceInUseException',
    `Stream ${StreamName} under account ${context.account} not ACTIVE, instead in state ${StreamStatus}`,
  );
}

function save(stream: Stream): StoreOperation {
  return { type: 'put', key: keys.stream(stream.StreamName), value: structuredClone(stream) };
}

/** Leaves a stream in a passing state for a while, then makes it active. */
async function pass(
  context: Context,
  stream: Stream,
  delay: number,
  status: 'CREATING' | 'UPDATING',
) {
  stream.StreamStatus = delay > 0 ? status : 'ACTIVE';
  await context.queue.commit([save(stream)]);
  await context.later(delay, async () => {
    if (stream.StreamStatus !== status) return;
    stream.StreamStatus = 'ACTIVE';
    await context.queue.commit([save(stream)]);
  });
}

function checkShardLimit(context: Context, added: number) {
  const open = [...context.streams.values()].flatMap(({ Shards }) => Shards.filter(isOpen)).length;
  if (open + added <= context.shardLimit) return;
  throw new ServiceError(
    'LimitExceededException',
    `This request would exceed the shard limit of ${context.shardLimit}: there are ${open}, and ${added} more are asked for`,
  );
}

const createStream = operation(
  z.object({
    StreamName: streamName,
    ShardCount: z.int().min(1).max(100_000).nullish(),
    StreamModeDetails: z.object({ StreamMode: z.enum(['PROVISIONED', 'ON_DEMAND']) }).nullish(),
    MaxRecordSizeInKiB: recordSize.nullish(),
  }),
  async (
    context: Context,
    { StreamName, ShardCount, StreamModeDetails: mode, MaxRecordSizeInKiB },
  ) => {
    const count = ShardCount ?? (mode?.StreamMode === 'ON_DEMAND' ? 4 : undefined);
    if (count === undefined) throw validationException('ShardCount: is required');
    if (context.streams.has(StreamName)) {
      throw new ServiceError(
        'ResourceInUseException',
        `Stream ${StreamName} under account ${context.account} already exists.`,
      );
    }
    checkShardLimit(context, count);
    const width = HASH_KEYS / BigInt(count);
    const stream: Stream = {
      StreamName,
      StreamARN: `arn:aws:kinesis:${context.region}:${context.account}:stream/${StreamName}`,
      StreamStatus: 'CREATING',
      StreamCreationTimestamp: Math.floor(context.now() / 1_000),
      RetentionPeriodHours: 24,
      ...(MaxRecordSizeInKiB && { MaxRecordSizeInKiB }),
      Shards: Array.from({ length: count }, (_, index) => ({
        ShardId: shardName(index),
        HashKeyRange: {
          StartingHashKey: String(width * BigInt(index)),
          EndingHashKey: String((index === count - 1 ? HASH_KEYS : width * BigInt(index + 1)) - 1n),
        },
        SequenceNumberRange: { StartingSequenceNumber: context.sequence.next(shardName(index)) },
      })),
    };
    context.streams.set(StreamName, stream);
    await pass(context, stream, context.delays.create, 'CREATING');
  },
);

const deleteStream = operation(z.object(streamMembers), async (context: Context, input) => {
  const stream = streamOf(context, input);
  if (stream.StreamStatus === 'DELETING') throw inUse(context, stream);
  stream.StreamStatus = 'DELETING';
  await context.queue.commit([save(stream)]);
  await context.db.clear(startingWith(keys.records(stream.StreamName)));
  await context.later(context.delays.delete, async () => {
    context.streams.delete(stream.StreamName);
    await context.queue.commit([{ type: 'del', key: keys.stream(stream.StreamName) }]);
  });
});

const common = (stream: Stream) => ({
  StreamName: stream.StreamName,
  StreamARN: stream.StreamARN,
  StreamStatus: stream.StreamStatus,
  StreamModeDetails: { StreamMode: 'PROVISIONED' },
  RetentionPeriodHours: stream.RetentionPeriodHours,
  StreamCreationTimestamp: stream.StreamCreationTimestamp,
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  EncryptionType: 'NONE',
  MaxRecordSizeInKiB: stream.MaxRecordSizeInKiB ?? 1024,
});

const visible = (stream: Stream) => (stream.StreamStatus === 'CREATING' ? [] : stream.Shards);

const describeStream = operation(
  z.object({
    ...streamMembers,
    Limit: z.int().min(1).max(10_000).nullish(),
    ExclusiveStartShardId: shardId.nullish(),
  }),
  (context: Context, input) => {
    const stream = streamOf(context, input);
    const shards = visible(stream).filter((s) => s.ShardId > (input.ExclusiveStartShardId ?? ''));
    const Shards = shards.slice(0, input.Limit ?? 100);
    const HasMoreShards = Shards.length < shards.length;
    return { StreamDescription: { ...common(stream), Shards, HasMoreShards } };
  },
);

const describeStreamSummary = operation(z.object(streamMembers), (context: Context, input) => {
  const stream = streamOf(context, input);
  const OpenShardCount = visible(stream).filter(isOpen).length;
  return { StreamDescriptionSummary: { ...common(stream), OpenShardCount, ConsumerCount: 0 } };
});

const listStreams = operation(
  z.object({
    Limit: z.int().min(1).max(10_000).nullish(),
    ExclusiveStartStreamName: streamName.nullish(),
    NextToken: z.string().max(1_048_576).nullish(),
  }),
  (context: Context, { Limit, ExclusiveStartStreamName, NextToken }) => {
    const after = NextToken ?? ExclusiveStartStreamName ?? '';
    const all = [...context.streams.values()]
      .filter(({ StreamName }) => StreamName > after)
      .sort((a, b) => (a.StreamName < b.StreamName ? -1 : 1));
    const page = all.slice(0, Limit ?? 100);
    const HasMoreStreams = page.length < all.length;
    return {
      StreamNames: page.map(({ StreamName }) => StreamName),
      HasMoreStreams,
      ...(HasMoreStreams && { NextToken: page.at(-1)?.StreamName }),
      StreamSummaries: page.map((stream) => ({
        StreamName: stream.StreamName,
        StreamARN: stream.StreamARN,
        StreamStatus: stream.StreamStatus,
        StreamModeDetails: { StreamMode: 'PROVISIONED' },
        StreamCreationTimestamp: stream.StreamCreationTimestamp,
      })),
    };
  },
);

const tokenSchema = z.object({ name: streamName, after: shardId });

const listShards = operation(
  z.object({
    ...streamMembers,
    NextToken: z.string().min(1).max(1_048_576).nullish(),
    ExclusiveStartShardId: shardId.nullish(),
    MaxResults: z.int().min(1).max(10_000).nullish(),
    ShardFilter: z
      .object({
        Type: z.enum(['AFTER_SHARD_ID', 'AT_TRIM_HORIZON', 'FROM_TRIM_HORIZON', 'AT_LATEST']),
        ShardId: shardId.nullish(),
      })
      .nullish(),
  }),
  (context: Context, input) => {
    const { NextToken: token, ShardFilter: filter } = input;
    if (token && (input.StreamName || input.StreamARN || input.ExclusiveStartShardId || filter)) {
      throw invalidArgument('NextToken and StreamName cannot be provided together.');
    }
    const place = token ? placeOf(token) : undefined;
    const stream = streamOf(context, place ? { StreamName: place.name } : input);
    const start =
      place?.after ??
      input.ExclusiveStartShardId ??
      (filter?.Type === 'AFTER_SHARD_ID' ? filter.ShardId : undefined) ??
      '';
    const shards = visible(stream)
      .filter(({ ShardId }) => ShardId > start)
      .filter((shard) => filter?.Type !== 'AT_LATEST' || isOpen(shard));
    const Shards = shards.slice(0, input.MaxResults ?? 1_000);
    const after = Shards.at(-1)?.ShardId;
    if (Shards.length === shards.length) return { Shards };
    const next = JSON.stringify({ name: stream.StreamName, after });
    return { Shards, NextToken: Buffer.from(next).toString('base64') };
  },
);

function placeOf(token: string) {
  try {
    return tokenSchema.parse(JSON.parse(Buffer.from(token, 'base64').toString('utf8')));
  } catch {
    throw invalidArgument('NextToken: is not one that this service gave out');
  }
}

function invalidArgument(message: string) {
  return new ServiceError('InvalidArgumentException', message);
}

/** Closes shards and opens their successors, in one write. */
async function reshard(
  context: Context,
  stream: Stream,
  parents: Shard[],
  ranges: Shard['HashKeyRange'][],
) {
  for (const { ShardId, SequenceNumberRange } of parents) {
    SequenceNumberRange.EndingSequenceNumber = context.sequence.next(ShardId);
  }
  const [parent, adjacent] = parents;
  for (const HashKeyRange of ranges) {
    const ShardId = shardName(Number(stream.Shards.at(-1)?.ShardId.slice('shardId-'.length)) + 1);
    stream.Shards.push({
      ShardId,
      ...(parent && { ParentShardId: parent.ShardId }),
      ...(adjacent && { AdjacentParentShardId: adjacent.ShardId }),
      HashKeyRange,
      SequenceNumberRange: { StartingSequenceNumber: context.sequence.next(ShardId) },
    });
  }
  await pass(context, stream, context.delays.update, 'UPDATING');
}

/** The open shards of a stream that is not in the middle of a change. */
function settledShards(context: Context, input: Parameters<typeof streamOf>[1], ids: string[]) {
  const stream = streamOf(context, input);
  if (stream.StreamStatus !== 'ACTIVE') throw inUse(context, stream);
  const shards = ids.map((id) => shardOf(context, stream, id));
  const closed = shards.find((shard) => !isOpen(shard));
  if (closed)
    throw invalidArgument(`Shard ${closed.ShardId} in stream ${stream.StreamName} is closed`);
  return { stream, shards };
}

const splitShard = operation(
  z.object({ ...streamMembers, ShardToSplit: shardId, NewStartingHashKey: hashKey }),
  async (context: Context, input) => {
    const { stream, shards } = settledShards(context, input, [input.ShardToSplit]);
    const { StartingHashKey = '0', EndingHashKey = '0' } = shards[0]?.HashKeyRange ?? {};
    const middle = BigInt(input.NewStartingHashKey);
    if (middle <= BigInt(StartingHashKey) || middle > BigInt(EndingHashKey)) {
      throw invalidArgument(
        `NewStartingHashKey ${middle} is not within shard ${input.ShardToSplit}`,
      );
    }
    checkShardLimit(context, 1);
    await reshard(context, stream, shards, [
      { StartingHashKey, EndingHashKey: String(middle - 1n) },
      { StartingHashKey: String(middle), EndingHashKey },
    ]);
  },
);

const mergeShards = operation(
  z.object({ ...streamMembers, ShardToMerge: shardId, AdjacentShardToMerge: shardId }),
  async (context: Context, input) => {
    const ids = [input.ShardToMerge, input.AdjacentShardToMerge];
    const { stream, shards } = settledShards(context, input, ids);
    const [low, high] = shards
      .map(({ HashKeyRange }) => HashKeyRange)
      .sort((a, b) => (BigInt(a.StartingHashKey) < BigInt(b.StartingHashKey) ? -1 : 1));
    if (!low || !high || BigInt(low.EndingHashKey) + 1n !== BigInt(high.StartingHashKey)) {
      throw invalidArgument(`Shards ${ids.join(' and ')} are not an adjacent pair`);
    }
    const { StartingHashKey } = low;
    await reshard(context, stream, shards, [
      { StartingHashKey, EndingHashKey: high.EndingHashKey },
    ]);
  },
);

const updateMaxRecordSize = operation(
  z.object({ ...streamMembers, MaxRecordSizeInKiB: recordSize }),
  async (context: Context, input) => {
    const stream = activeStreamOf(context, input);
    stream.MaxRecordSizeInKiB = input.MaxRecordSizeInKiB;
    await context.queue.commit([save(stream)]);
  },
);

/** Largest record of a stream in bytes, its partition key counted in. */
export function maxRecordBytes({ MaxRecordSizeInKiB }: Stream): number {
  return ((MaxRecordSizeInKiB ?? 1024) / 1024) * MIB;
}

/** Operations on streams and shards. */
export const streamOperations: [string, Operation<Context>][] = [
  ['CreateStream', createStream],
  ['DeleteStream', deleteStream],
  ['DescribeStream', describeStream],
  ['DescribeStreamSummary', describeStreamSummary],
  ['ListShards', listShards],
  ['ListStreams', listStreams],
  ['MergeShards', mergeShards],
  ['SplitShard', splitShard],
  ['UpdateMaxRecordSize', updateMaxRecordSize],
];
