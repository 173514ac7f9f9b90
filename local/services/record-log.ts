import { type KeyValueStore, startingWith } from './key-value-store.ts';
import { ServiceError } from './operations.ts';

/** A place in a shard to read on from, which a shard iterator stands for. */
export interface ShardPlace {
  stream: string;
  shard: string;
  /** The least sequence number that may come; with a `+` behind it, that number has come already. */
  from: string;
}

/** What sets the records of one service apart from those of another. */
export interface RecordTraits<Kept> {
  bytesOf(record: Kept): number;
  /** Epoch seconds. */
  arrivedAt(record: Kept): number;
  /** How many bytes one page holds, unless its first record alone is larger. */
  pageBytes: number;
  /** How long an iterator may be used. */
  iteratorMs: number;
  /** The error's name where a text is no iterator. */
  noIterator: string;
}

const later = (a: string, b: string) => (a > b ? a : b);

/** The records of shards as {@link createRecordLog} keeps them. */
export type RecordLog<Kept> = ReturnType<typeof createRecordLog<Kept>>;

/**
 * What Kinesis and DynamoDB Streams have in common: records kept by shard in the order of their sequence numbers, read page
 * by page with iterators, and trimmed by age. A record's key is its shard's prefix and its number.
 *
 * Numbers are a 5, the time in milliseconds and a count, so that a moment is a place too. Those of folders of earlier
 * versions begin with less, hold no time, and come before.
 */
export function createRecordLog<Kept>(
  store: KeyValueStore,
  now: () => number,
  { bytesOf, arrivedAt, pageBytes, iteratorMs, noIterator }: RecordTraits<Kept>,
) {
  let milliseconds = 0;
  let count = 0;
  const numberAt = (ms: number, n: number) =>
    `5${String(ms).padStart(15, '0')}${String(n).padStart(20, '0')}`;
  const nextNumber = () => {
    milliseconds = Math.max(milliseconds, now());
    count += 1;
    return numberAt(milliseconds, count);
  };
  const iteratorAt = ({ stream, shard, from }: ShardPlace) =>
    [stream, shard, from, now()].join('|');

  /** The place behind every record that was asked for so far; all of them are written by then. */
  const latest = async () => {
    const from = nextNumber();
    await store.settled();
    return from;
  };
  /** Where the records of a shard begin that arrived at a time or later. */
  const firstSince = async (prefix: string, ms: number) => {
    for await (const [key, value] of store.iterator({ gte: prefix, lt: `${prefix}5` })) {
      if (arrivedAt(value as Kept) * 1_000 >= ms) return key.slice(prefix.length);
    }
    return numberAt(Math.max(0, Math.ceil(ms - 0.001)), 0);
  };

  return {
    nextNumber,
    firstSince,
    iteratorAt,
    latest,
    /** Goes on behind a shard's first number and its last record, should the clock have been put back. */
    resume: async (prefix: string, first: string) => {
      const numbers = [first];
      const range = { ...startingWith(prefix), reverse: true, limit: 1 };
      for await (const [key] of store.iterator(range)) numbers.push(key.slice(prefix.length));
      for (const number of numbers.filter((one) => one.startsWith('5'))) {
        milliseconds = Math.max(milliseconds, Number(number.slice(1, 16)) + 1);
      }
    },
    /**
     * The place that an iterator stands for.
     *
     * @throws {ServiceError} where it is none, or too old
     */
    placeOf: (iterator: string): ShardPlace => {
      const parts = /^([^|]+)\|([^|]+)\|(\d*\+?)\|(\d+)$/.exec(iterator);
      if (parts === null) throw new ServiceError(noIterator, 'Invalid ShardIterator.');
      const [, stream = '', shard = '', from = '', issuedAt] = parts;
      if (now() - Number(issuedAt) <= iteratorMs) return { stream, shard, from };
      throw new ServiceError(
        'ExpiredIteratorException',
        `Iterator expired. It was given out at ${issuedAt}, more than ${iteratorMs} milliseconds ago.`,
      );
    },
    /** Up to so many records of a shard from a place on, none before `first`, and how to read on. */
    read: async (prefix: string, place: ShardPlace, first: string, most: number) => {
      const end = await latest();
      const from = later(place.from, first);
      const records: [number: string, record: Kept][] = [];
      let bytes = 0;
      let more = false;
      const range = { gte: prefix + from, lt: startingWith(prefix).lt };
      for await (const [key, value] of store.iterator(range)) {
        const record = value as Kept;
        bytes += bytesOf(record);
        more = records.length === most || (records.length > 0 && bytes > pageBytes);
        if (more) break;
        records.push([key.slice(prefix.length), record]);
      }
      const last = records.at(-1)?.[0];
      const next = iteratorAt({ ...place, from: last ? `${last}+` : later(from, end) });
      return { records, more, next };
    },
    /** Deletes the records of a shard that arrived before a time. */
    trim: async (prefix: string, before: number) => {
      await store.clear({ gte: prefix, lt: prefix + (await firstSince(prefix, before)) });
    },
  };
}
