import { type KeyValueStore, startingWith } from './key-value-store.ts';
import { resourceNotFound, ServiceError } from './operations.ts';

/** A shard as it is kept and answered. */
export interface LogShard {
  ShardId: string;
  ParentShardId?: string | undefined;
  SequenceNumberRange: {
    StartingSequenceNumber: string;
    /** Set once the shard is closed. */
    EndingSequenceNumber?: string | undefined;
  };
}

/** What sets the streams of one service apart from those of another. */
export interface LogTraits<Stream extends { Shards: LogShard[] }, Kept> {
  /** @throws {ServiceError} where there is no stream of that name */
  streamOf(name: string): Stream;
  nameOf(stream: Stream): string;
  /** What the keys of a shard's records begin with. */
  prefixOf(stream: string, shardId: string): string;
  /** What sequence numbers of a shard end with. */
  suffixOf(shardId: string): string;
  retentionMs(stream: Stream): number;
  bytesOf(record: Kept): number;
  /** Epoch seconds. */
  arrivedAt(record: Kept): number;
  /** How many bytes one page holds, unless its first record alone is larger. */
  pageBytes: number;
  /** How long an iterator may be used. */
  iteratorMs: number;
  /** The error of an input that makes no sense. */
  invalid(message: string): ServiceError;
  /** The error of reading from a place before the retention; what is left is read where there is none. */
  trimmed?: () => ServiceError;
}

/** Where a shard iterator may begin, by a number or one of the ends; Kinesis knows times as well. */
export const ITERATOR_TYPES = [
  'AT_SEQUENCE_NUMBER',
  'AFTER_SEQUENCE_NUMBER',
  'TRIM_HORIZON',
  'LATEST',
] as const;

/** The input of GetShardIterator. */
export interface IteratorInput {
  ShardId: string;
  ShardIteratorType: (typeof ITERATOR_TYPES)[number] | 'AT_TIMESTAMP';
  SequenceNumber?: string | null | undefined;
  /** Epoch seconds. */
  Timestamp?: number | null | undefined;
}

/** Digits of a sequence number before its suffix. */
const DIGITS = 36;
const later = (a: string, b: string) => (a > b ? a : b);

/** Whether a shard takes records. */
export const isOpen = ({ SequenceNumberRange }: LogShard) =>
  SequenceNumberRange.EndingSequenceNumber === undefined;

/**
 * What Kinesis and DynamoDB Streams have in common: records kept by shard in the order of their sequence numbers, read page
 * by page with iterators, and trimmed by age. A record's key is its shard's prefix and its number.
 *
 * Numbers are a 5, the time in milliseconds and a count, so that a moment is a place too. Those of folders of earlier
 * versions begin with less, hold no time, and come before. A place is the least number that may come; with a `+` behind it,
 * that number has come already.
 */
export function createRecordLog<Stream extends { Shards: LogShard[] }, Kept>(
  store: KeyValueStore,
  now: () => number,
  traits: LogTraits<Stream, Kept>,
) {
  let milliseconds = 0;
  let count = 0;
  const numberAt = (ms: number, n: number) =>
    `5${String(ms).padStart(15, '0')}${String(n).padStart(20, '0')}`;
  const nextPlace = () => {
    milliseconds = Math.max(milliseconds, now());
    count += 1;
    return numberAt(milliseconds, count);
  };
  const nextNumber = (shardId: string) => nextPlace() + traits.suffixOf(shardId);
  const prefixOf = (stream: Stream, { ShardId }: LogShard) =>
    traits.prefixOf(traits.nameOf(stream), ShardId);
  const shardOf = (stream: Stream, id: string): Stream['Shards'][number] => {
    const shard = stream.Shards.find(({ ShardId }) => ShardId === id);
    if (shard !== undefined) return shard;
    throw resourceNotFound(`Shard ${id} in stream ${traits.nameOf(stream)} does not exist`);
  };
  /** The place behind every record that was asked for so far; all of them are written by then. */
  const latest = async () => {
    const place = nextPlace();
    await store.settled();
    return place;
  };
  /** Where the records of a shard begin that arrived at a time or later. */
  const firstSince = async (stream: Stream, shard: LogShard, ms: number) => {
    const prefix = prefixOf(stream, shard);
    for await (const [key, value] of store.iterator({ gte: prefix, lt: `${prefix}5` })) {
      if (traits.arrivedAt(value as Kept) * 1_000 >= ms) return key.slice(prefix.length);
    }
    return numberAt(Math.max(0, Math.ceil(ms - 0.001)), 0);
  };
  const firstKept = (stream: Stream, shard: LogShard) =>
    firstSince(stream, shard, now() - traits.retentionMs(stream));

  const placeOf = async (stream: Stream, shard: LogShard, input: IteratorInput) => {
    const { ShardIteratorType: type, SequenceNumber: number, Timestamp } = input;
    if (type === 'TRIM_HORIZON') return '';
    if (type === 'LATEST') return latest();
    if (type === 'AT_TIMESTAMP') {
      if (Timestamp == null) throw traits.invalid('Must specify Timestamp for AT_TIMESTAMP.');
      if (Timestamp * 1_000 <= now()) return firstSince(stream, shard, Timestamp * 1_000);
      throw traits.invalid(`Timestamp: ${Timestamp} is later than the current time`);
    }
    if (!number) throw traits.invalid(`Must specify a sequence number for ${type}.`);
    const { StartingSequenceNumber: start, EndingSequenceNumber: end } = shard.SequenceNumberRange;
    const inRange = BigInt(number) >= BigInt(start) && BigInt(number) <= BigInt(end ?? number);
    const suffix = number.startsWith('5') ? traits.suffixOf(shard.ShardId) : number.slice(DIGITS);
    if (!inRange || suffix !== number.slice(DIGITS)) {
      throw traits.invalid(`Sequence number ${number} is not of ${shard.ShardId}`);
    }
    if (traits.trimmed && number < (await firstKept(stream, shard))) throw traits.trimmed();
    return type === 'AT_SEQUENCE_NUMBER' ? number : `${number}+`;
  };
  const iteratorAt = (stream: Stream, { ShardId }: LogShard, place: string) =>
    [traits.nameOf(stream), ShardId, place, now()].join('|');

  return {
    shardOf,
    nextNumber,
    /** Closes a shard; the caller saves its stream. */
    closeShard: ({ ShardId, SequenceNumberRange }: LogShard) => {
      SequenceNumberRange.EndingSequenceNumber = nextNumber(ShardId);
    },
    /** Goes on behind the numbers of a stream that was read back, should the clock have been put back. */
    resume: async (stream: Stream) => {
      for (const shard of stream.Shards) {
        const numbers = [shard.SequenceNumberRange.StartingSequenceNumber];
        const prefix = prefixOf(stream, shard);
        const range = { ...startingWith(prefix), reverse: true, limit: 1 };
        for await (const [key] of store.iterator(range)) numbers.push(key.slice(prefix.length));
        for (const number of numbers.filter((one) => one.startsWith('5'))) {
          milliseconds = Math.max(milliseconds, Number(number.slice(1, 16)) + 1);
        }
      }
    },
    getShardIterator: async (stream: Stream, input: IteratorInput) => {
      const shard = shardOf(stream, input.ShardId);
      return { ShardIterator: iteratorAt(stream, shard, await placeOf(stream, shard, input)) };
    },
    /** Up to so many records and their numbers; no next iterator once a closed shard is read to its end. */
    getRecords: async (iterator: string, most: number) => {
      const parts = /^([^|]+)\|([^|]+)\|(\d*\+?)\|(\d+)$/.exec(iterator);
      if (parts === null) throw traits.invalid('Invalid ShardIterator.');
      const [, name = '', shardId = '', place = '', issuedAt] = parts;
      if (now() - Number(issuedAt) > traits.iteratorMs) {
        throw new ServiceError(
          'ExpiredIteratorException',
          `Iterator expired. It was given out at ${issuedAt}, more than ${traits.iteratorMs} milliseconds ago.`,
        );
      }
      const stream = traits.streamOf(name);
      const shard = shardOf(stream, shardId);
      // The end is looked at first: a record that comes meanwhile then has its turn in the next call.
      const closed = !isOpen(shard);
      const end = await latest();
      const first = await firstKept(stream, shard);
      if (traits.trimmed && place !== '' && place < first) throw traits.trimmed();
      const from = later(place, first);
      const prefix = prefixOf(stream, shard);
      const records: [number: string, record: Kept][] = [];
      let bytes = 0;
      let more = false;
      const range = { gte: prefix + from, lt: startingWith(prefix).lt };
      for await (const [key, value] of store.iterator(range)) {
        const record = value as Kept;
        bytes += traits.bytesOf(record);
        more = records.length === most || (records.length > 0 && bytes > traits.pageBytes);
        if (more) break;
        records.push([key.slice(prefix.length), record]);
      }
      const last = records.at(-1)?.[0];
      const next = iteratorAt(stream, shard, last ? `${last}+` : later(from, end));
      return {
        stream,
        shard,
        records,
        more,
        NextShardIterator: closed && !more ? undefined : next,
      };
    },
    /** Deletes what is past its retention, and answers the shards that had closed by then. */
    trim: async (stream: Stream) => {
      const expired = new Set<LogShard>();
      for (const shard of stream.Shards) {
        const prefix = prefixOf(stream, shard);
        const first = await firstKept(stream, shard);
        await store.clear({ gte: prefix, lt: prefix + first });
        const { EndingSequenceNumber: end = first } = shard.SequenceNumberRange;
        if (end < first) expired.add(shard);
      }
      return expired;
    },
  };
}
