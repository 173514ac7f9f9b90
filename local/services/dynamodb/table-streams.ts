import { createHash } from 'node:crypto';
import { type KeyValueStore, type StoreOperation, startingWith } from '../key-value-store.ts';
import { createRecordLog } from '../record-log.ts';
import type { WireItem } from './dynalite.ts';
import { keys, type TableDescription } from './stored-table.ts';
import {
  type ItemChange,
  type RecordedStream,
  type StreamViewType,
  sameItem,
  type TableStreamRecord,
  tableStreamRecord,
} from './stream-records.ts';

const ROLLOVER_MS = 4 * 3_600_000;
const RETENTION_MS = 24 * 3_600_000;

/** A shard of a table's stream: one slot of the hash space for a stretch of time. */
export interface TableStreamShard {
  shardId: string;
  slot: number;
  parentShardId?: string;
  startingSequenceNumber: string;
  /** Set once the shard is closed: the last number that it may hold. */
  endingSequenceNumber?: string;
  createdAt: number;
  closedAt?: number;
}

/** A table's stream. */
export interface TableStream extends RecordedStream {
  label: string;
  tableName: string;
  enabled: boolean;
  createdAt: number;
  slots: number;
  shards: TableStreamShard[];
}

/** How streams are cut into shards. */
export interface TableStreamOptions {
  /** Open shards of a new stream. */
  shards: number;
  /** Records, since the service started, after which a shard is closed and succeeded by a child. */
  rolloverRecords: number;
  now: () => number;
}

/** All streams, kept in memory and in the store alike; what changes them answers the writes to commit. */
export type TableStreams = Awaited<ReturnType<typeof openTableStreams>>;

/** Reads the streams back from the store. */
export async function openTableStreams(
  store: KeyValueStore,
  { shards, rolloverRecords, now }: TableStreamOptions,
) {
  const byArn = new Map<string, TableStream>();
  const recordsOf = new Map<TableStreamShard, number>();
  const log = createRecordLog<TableStreamRecord>(store, now, {
    bytesOf: ({ dynamodb }) => dynamodb.SizeBytes,
    arrivedAt: ({ dynamodb }) => dynamodb.ApproximateCreationDateTime,
    pageBytes: 1024 * 1024,
    iteratorMs: 15 * 60_000,
    noIterator: 'ValidationException',
  });
  for await (const [, value] of store.iterator(startingWith(keys.stream()))) {
    const stream = value as TableStream;
    byArn.set(stream.arn, stream);
    for (const { shardId, startingSequenceNumber } of stream.shards) {
      await log.resume(keys.record(stream.arn, shardId), startingSequenceNumber);
    }
  }

  const save = (stream: TableStream): StoreOperation => ({
    type: 'put',
    key: keys.stream(stream.arn),
    value: structuredClone(stream),
  });
  const forTable = (table: string) =>
    [...byArn.values()].find(({ tableName, enabled }) => tableName === table && enabled);

  const newShard = (slot: number, parent?: TableStreamShard): TableStreamShard => {
    const number = log.nextNumber();
    return {
      shardId: `shardId-${number.slice(1, 16).padStart(20, '0')}-${number.slice(-8)}`,
      slot,
      startingSequenceNumber: number,
      createdAt: now(),
      ...(parent && { parentShardId: parent.shardId }),
    };
  };
  const close = (shard: TableStreamShard) => {
    shard.endingSequenceNumber = log.nextNumber();
    shard.closedAt = now();
    recordsOf.delete(shard);
  };
  /** The open shard that takes an item's changes: one item always falls into the same slot. */
  const shardFor = (stream: TableStream, item: WireItem): TableStreamShard => {
    const partitionKey = stream.keySchema[0]?.AttributeName ?? '';
    const digest = createHash('md5').update(JSON.stringify(item[partitionKey])).digest();
    const slot = digest.readUInt32BE(0) % stream.slots;
    const shard = stream.shards.find((one) => one.slot === slot && one.closedAt === undefined);
    if (shard === undefined) throw new Error(`stream ${stream.arn} has no open shard ${slot}`);
    return shard;
  };

  return {
    byArn,
    log,
    /** Where the records of a shard begin that are within their retention. */
    firstKept: (prefix: string) => log.firstSince(prefix, now() - RETENTION_MS),
    open: (table: TableDescription, viewType: StreamViewType) => {
      const labelAt = (time: number) => new Date(time).toISOString().slice(0, -1);
      const arnAt = (time: number) => `${table.TableArn}/stream/${labelAt(time)}`;
      let createdAt = now();
      while (byArn.has(arnAt(createdAt))) createdAt += 1;
      const stream: TableStream = {
        arn: arnAt(createdAt),
        label: labelAt(createdAt),
        tableName: table.TableName,
        viewType,
        keySchema: table.KeySchema,
        enabled: true,
        createdAt,
        slots: shards,
        shards: Array.from({ length: shards }, (_, slot) => newShard(slot)),
      };
      byArn.set(stream.arn, stream);
      return { stream, operation: save(stream) };
    },
    disable: (table: string): StoreOperation[] => {
      const stream = forTable(table);
      if (stream === undefined) return [];
      stream.enabled = false;
      for (const shard of stream.shards) if (shard.closedAt === undefined) close(shard);
      return [save(stream)];
    },
    append: (table: string, change: ItemChange): StoreOperation[] => {
      const { before, after } = change;
      const item = after ?? before;
      const stream = forTable(table);
      if (stream === undefined || item === undefined) return [];
      if (before !== undefined && after !== undefined && sameItem(before, after)) return [];

      let shard = shardFor(stream, item);
      const count = recordsOf.get(shard) ?? 0;
      const full = count >= rolloverRecords || now() - shard.createdAt >= ROLLOVER_MS;
      if (full) {
        close(shard);
        shard = newShard(shard.slot, shard);
        stream.shards.push(shard);
      }
      recordsOf.set(shard, full ? 1 : count + 1);
      const record = tableStreamRecord(stream, change, log.nextNumber(), now());
      const key = `${keys.record(stream.arn, shard.shardId)}${record.dynamodb.SequenceNumber}`;
      return [{ type: 'put', key, value: record }, ...(full ? [save(stream)] : [])];
    },
    /** Removes records past their retention, then the shards that held them, then streams that have ended. */
    trim: async () => {
      const horizon = now() - RETENTION_MS;
      for (const stream of byArn.values()) {
        for (const { shardId } of stream.shards) {
          await log.trim(keys.record(stream.arn, shardId), horizon);
        }
        const kept = stream.shards.filter(({ closedAt = horizon }) => closedAt >= horizon);
        if (kept.length === stream.shards.length) continue;
        stream.shards = kept;
        if (kept.length === 0) byArn.delete(stream.arn);
        const gone: StoreOperation = { type: 'del', key: keys.stream(stream.arn) };
        await store.commit([kept.length === 0 ? gone : save(stream)]);
      }
    },
  };
}
