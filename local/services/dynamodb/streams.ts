import { createHash, randomBytes } from 'node:crypto';
import type { CommitQueue, KeyValueStore, StoreOperation } from '../key-value-store.ts';
import { startingWith } from '../key-value-store.ts';
import type { WireItem } from './dynalite.ts';
import { keys, type Table } from './store.ts';
import {
  type ItemChange,
  type RecordedStream,
  type StreamRecord,
  type StreamViewType,
  sameItem,
  streamRecord,
} from './stream-records.ts';

const ROLLOVER_MS = 4 * 3_600_000;
const RETENTION_MS = 24 * 3_600_000;

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
  slots: number;
  shards: Shard[];
}

/** How streams are cut into shards. */
export interface StreamOptions {
  /** Open shards of a new stream. */
  shards: number;
  /** Records, since the service started, after which a shard is closed and succeeded by a child. */
  rolloverRecords: number;
  now: () => number;
}

/** All streams, kept in memory and in the store alike; what changes them answers the writes to commit. */
export type Streams = Awaited<ReturnType<typeof loadStreams>>;

/** Reads the streams back from the store. */
export async function loadStreams(
  { db, queue }: { db: KeyValueStore; queue: CommitQueue },
  { shards, rolloverRecords, now }: StreamOptions,
) {
  const streams = new Map<string, Stream>();
  for await (const [, value] of db.iterator(startingWith(keys.stream()))) {
    const stream = value as Stream;
    streams.set(stream.arn, stream);
  }
  let lastNumber = BigInt(((await db.get(keys.sequence)) as string | undefined) ?? FIRST_NUMBER);
  const counts = new Map<Shard, number>();

  const lastSequenceNumber = () => String(lastNumber);
  const nextNumber = () => {
    lastNumber += 1n;
    return lastSequenceNumber();
  };
  const save = (stream: Stream): StoreOperation[] => [
    { type: 'put', key: keys.stream(stream.arn), value: structuredClone(stream) },
    saveNumber(),
  ];
  const saveNumber = (): StoreOperation => ({
    type: 'put',
    key: keys.sequence,
    value: lastSequenceNumber(),
  });
  const forTable = (table: string) =>
    [...streams.values()].find((stream) => stream.tableName === table && stream.enabled);

  const newShard = (slot: number, parent?: Shard): Shard => ({
    shardId: `shardId-${String(now()).padStart(20, '0')}-${randomBytes(4).toString('hex')}`,
    slot,
    startingSequenceNumber: nextNumber(),
    createdAt: now(),
    ...(parent && { parentShardId: parent.shardId }),
  });
  const close = (shard: Shard) => {
    shard.endingSequenceNumber = nextNumber();
    shard.closedAt = now();
    counts.delete(shard);
  };

  const open = (table: Table, viewType: StreamViewType) => {
    const createdAt = unusedLabel(streams, table.TableArn, now());
    const label = labelOf(createdAt);
    const stream: Stream = {
      arn: `${table.TableArn}/stream/${label}`,
      label,
      tableName: table.TableName,
      viewType,
      keySchema: table.KeySchema,
      enabled: true,
      createdAt,
      slots: shards,
      shards: Array.from({ length: shards }, (_, slot) => newShard(slot)),
    };
    streams.set(stream.arn, stream);
    return { stream, operations: save(stream) };
  };

  const disable = (table: string): StoreOperation[] => {
    const stream = forTable(table);
    if (stream === undefined) return [];
    stream.enabled = false;
    for (const shard of stream.shards) if (shard.closedAt === undefined) close(shard);
    return save(stream);
  };

  const append = (table: string, change: ItemChange): StoreOperation[] => {
    const { before, after } = change;
    const item = after ?? before;
    const stream = forTable(table);
    if (stream === undefined || item === undefined) return [];
    if (before !== undefined && after !== undefined && sameItem(before, after)) return [];

    let shard = shardOf(stream, item);
    const count = counts.get(shard) ?? 0;
    const full = count >= rolloverRecords || now() - shard.createdAt >= ROLLOVER_MS;
    if (full) {
      close(shard);
      shard = newShard(shard.slot, shard);
      stream.shards.push(shard);
    }
    counts.set(shard, full ? 1 : count + 1);
    const record = streamRecord(stream, change, nextNumber(), now());
    const key = keys.record(stream.arn, shard.shardId, record.dynamodb.SequenceNumber);
    return [{ type: 'put', key, value: record }, ...(full ? save(stream) : [saveNumber()])];
  };

  /** Removes the records of a stream that are past their retention, then its shards, then the stream where it has ended. */
  const trimStream = async (stream: Stream) => {
    const horizon = now() - RETENTION_MS;
    const operations: StoreOperation[] = [];
    for (const shard of stream.shards) {
      const range = startingWith(keys.record(stream.arn, shard.shardId));
      for await (const [key, value] of db.iterator(range)) {
        const { dynamodb } = value as StreamRecord;
        if (dynamodb.ApproximateCreationDateTime * 1_000 >= horizon) break;
        operations.push({ type: 'del', key });
        shard.trimmedThrough = dynamodb.SequenceNumber;
      }
    }
    const kept = stream.shards.filter(({ closedAt = horizon }) => closedAt >= horizon);
    if (operations.length === 0 && kept.length === stream.shards.length) return;
    stream.shards = kept;
    if (kept.length > 0) {
      operations.push(...save(stream));
    } else {
      streams.delete(stream.arn);
      operations.push({ type: 'del', key: keys.stream(stream.arn) });
    }
    await queue.commit(operations);
  };

  return {
    all: () => [...streams.values()],
    byArn: (arn: string) => streams.get(arn),
    lastSequenceNumber,
    open,
    disable,
    append,
    trim: async () => {
      for (const stream of streams.values()) await trimStream(stream);
    },
  };
}

const labelOf = (createdAt: number) => new Date(createdAt).toISOString().slice(0, -1);

/** The first time from now on that names no stream of the table yet. */
function unusedLabel(streams: Map<string, Stream>, tableArn: string, now: number): number {
  const taken = streams.has(`${tableArn}/stream/${labelOf(now)}`);
  return taken ? unusedLabel(streams, tableArn, now + 1) : now;
}

/** Before the first sequence number of all: they have 23 digits, so that they sort alike as numbers and as text. */
const FIRST_NUMBER = String(10n ** 22n);

/** A sequence number at its full width, so that text order is number order. */
export function padded(sequenceNumber: bigint | string): string {
  return String(sequenceNumber).padStart(FIRST_NUMBER.length, '0');
}

/** The open shard that takes an item's changes: one item always falls into the same slot. */
function shardOf(stream: Stream, item: WireItem): Shard {
  const partitionKey = stream.keySchema[0]?.AttributeName ?? '';
  const digest = createHash('md5').update(JSON.stringify(item[partitionKey])).digest();
  const slot = digest.readUInt32BE(0) % stream.slots;
  const shard = stream.shards.find((s) => s.slot === slot && s.closedAt === undefined);
  if (shard === undefined) throw new Error(`stream ${stream.arn} has no open shard ${slot}`);
  return shard;
}
