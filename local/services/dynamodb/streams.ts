import { createHash, randomBytes } from 'node:crypto';
import type { CommitQueue, KeyValueStore, StoreOperation } from '../key-value-store.ts';
import { startingWith } from '../key-value-store.ts';
import type { TableRecord, WireItem } from './dynalite.ts';
import { keys } from './dynalite.ts';
import {
  type ItemChange,
  type RecordedStream,
  type StreamViewType,
  sameItem,
  streamRecord,
} from './stream-records.ts';

/** A shard: one slot of the hash space for a stretch of time. */
export interface Shard {
  shardId: string;
  slot: number;
  parentShardId?: string;
  startingSequenceNumber: string;
  /** Set once the shard is closed: the last number that it may hold. */
  endingSequenceNumber?: string;
  createdAt: number;
  closedAt?: number;
  /** Records up to this number are trimmed away. */
  trimmedThrough?: string;
}

/** A table's stream. */
export interface Stream extends RecordedStream {
  label: string;
  tableName: string;
  enabled: boolean;
  createdAt: number;
  disabledAt?: number;
  slots: number;
  shards: Shard[];
}

/** How streams are cut into shards. */
export interface StreamOptions {
  shards: number;
  rolloverMs: number;
  rolloverRecords: number;
  region: string;
  now: () => number;
}

/** All streams, kept in memory and in the store alike; what changes them answers the writes to commit. */
export type Streams = Awaited<ReturnType<typeof loadStreams>>;

/** Reads the streams back from the store. */
export async function loadStreams(
  deps: { db: KeyValueStore; queue: CommitQueue },
  options: StreamOptions,
) {
  const streams = new Map<string, Stream>();
  for await (const [, value] of deps.db.iterator(startingWith(keys.stream()))) {
    const stream = value as Stream;
    streams.set(stream.arn, stream);
  }
  const sequence = createSequence((await deps.db.get(keys.sequence)) as string | undefined);
  const counts = await countRecords(deps.db, streams.values());

  const save = (stream: Stream): StoreOperation => ({
    type: 'put',
    key: keys.stream(stream.arn),
    value: structuredClone(stream),
  });

  const forTable = (table: string) =>
    [...streams.values()].find((stream) => stream.tableName === table && stream.enabled);

  const open = (table: TableRecord, viewType: StreamViewType) => {
    const createdAt = options.now();
    const label = unusedLabel(streams, table.TableArn, createdAt);
    const stream: Stream = {
      arn: `${table.TableArn}/stream/${label}`,
      label,
      tableName: table.TableName,
      viewType,
      keySchema: table.KeySchema,
      enabled: true,
      createdAt,
      slots: options.shards,
      shards: Array.from({ length: options.shards }, (_, slot) =>
        newShard(slot, sequence.next(), createdAt),
      ),
    };
    streams.set(stream.arn, stream);
    return { stream, operations: [save(stream), saveSequence()] };
  };

  const disable = (table: string): StoreOperation[] => {
    const stream = forTable(table);
    if (stream === undefined) return [];
    stream.enabled = false;
    stream.disabledAt = options.now();
    for (const shard of stream.shards) {
      if (shard.endingSequenceNumber === undefined) close(shard);
    }
    return [save(stream), saveSequence()];
  };

  const saveSequence = (): StoreOperation => ({
    type: 'put',
    key: keys.sequence,
    value: sequence.last(),
  });

  const close = (shard: Shard) => {
    shard.endingSequenceNumber = sequence.next();
    shard.closedAt = options.now();
  };

  const roll = (stream: Stream, shard: Shard): Shard => {
    close(shard);
    const child = newShard(shard.slot, sequence.next(), options.now(), shard);
    stream.shards.push(child);
    counts.delete(shard.shardId);
    return child;
  };

  const isFull = (shard: Shard) =>
    (counts.get(shard.shardId) ?? 0) >= options.rolloverRecords || isOld(shard);
  const isOld = (shard: Shard) => options.now() - shard.createdAt >= options.rolloverMs;

  const append = (table: string, change: ItemChange): StoreOperation[] => {
    const { before, after } = change;
    const item = after ?? before;
    const stream = forTable(table);
    if (stream === undefined || item === undefined) return [];
    if (before !== undefined && after !== undefined && sameItem(before, after)) return [];

    const open = shardOf(stream, item);
    const shard = isFull(open) ? roll(stream, open) : open;
    counts.set(shard.shardId, (counts.get(shard.shardId) ?? 0) + 1);
    const sequenceNumber = sequence.next();
    const record = streamRecord(stream, change, {
      sequenceNumber,
      now: options.now(),
      region: options.region,
    });
    return [
      { type: 'put', key: keys.record(stream.arn, shard.shardId, sequenceNumber), value: record },
      saveSequence(),
      ...(shard === open ? [] : [save(stream)]),
    ];
  };

  const rollOld = (): StoreOperation[] =>
    [...streams.values()]
      .filter((stream) => stream.enabled)
      .flatMap((stream) => {
        const old = stream.shards.filter((s) => s.endingSequenceNumber === undefined && isOld(s));
        for (const shard of old) roll(stream, shard);
        return old.length === 0 ? [] : [save(stream), saveSequence()];
      });

  const forget = (stream: Stream): StoreOperation[] => {
    streams.delete(stream.arn);
    return [{ type: 'del', key: keys.stream(stream.arn) }];
  };

  return {
    all: () => [...streams.values()],
    byArn: (arn: string) => streams.get(arn),
    forTable,
    lastSequenceNumber: sequence.last,
    open,
    disable,
    append,
    rollOld,
    save,
    forget,
  };
}

async function countRecords(db: KeyValueStore, streams: Iterable<Stream>) {
  const counts = new Map<string, number>();
  for (const stream of streams) {
    for (const shard of stream.shards) {
      if (shard.endingSequenceNumber !== undefined) continue;
      let count = 0;
      const range = startingWith(keys.record(stream.arn, shard.shardId));
      for await (const _ of db.iterator(range)) count += 1;
      counts.set(shard.shardId, count);
    }
  }
  return counts;
}

function unusedLabel(streams: Map<string, Stream>, tableArn: string, now: number): string {
  const label = new Date(now).toISOString().slice(0, -1);
  return streams.has(`${tableArn}/stream/${label}`)
    ? unusedLabel(streams, tableArn, now + 1)
    : label;
}

const BASE = 10n ** 22n;

/** Sequence numbers of all streams: 23 digits, so that they sort alike as numbers and as text. */
function createSequence(last: string | undefined) {
  let current = last === undefined ? BASE : BigInt(last);
  return {
    /** The number given last. */
    last: () => String(current),
    next: () => {
      current += 1n;
      return String(current);
    },
  };
}

/** The number before a sequence number, so that 'at' becomes 'after'. */
export function before(sequenceNumber: string): string {
  const previous = BigInt(sequenceNumber) - 1n;
  return padded(previous < 0n ? 0n : previous);
}

/** A sequence number at its full width, so that text order is number order. */
export function padded(sequenceNumber: bigint | string): string {
  return String(sequenceNumber).padStart(String(BASE).length, '0');
}

/** A new shard of a slot, succeeding another where one is given. */
function newShard(slot: number, startingSequenceNumber: string, now: number, parent?: Shard) {
  const time = String(now).padStart(20, '0');
  const shard: Shard = {
    shardId: `shardId-${time}-${randomBytes(4).toString('hex')}`,
    slot,
    startingSequenceNumber,
    createdAt: now,
    ...(parent && { parentShardId: parent.shardId }),
  };
  return shard;
}

/** The open shard that takes an item's changes: one item always falls into the same slot. */
function shardOf(stream: Stream, item: WireItem): Shard {
  const partitionKey = stream.keySchema[0]?.AttributeName ?? '';
  const digest = createHash('md5').update(JSON.stringify(item[partitionKey])).digest();
  const slot = digest.readUInt32BE(0) % stream.slots;
  const shard = stream.shards.find((s) => s.slot === slot && s.endingSequenceNumber === undefined);
  if (shard === undefined) throw new Error(`stream ${stream.arn} has no open shard ${slot}`);
  return shard;
}
