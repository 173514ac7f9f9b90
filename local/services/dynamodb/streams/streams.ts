import type { CommitQueue } from '../commit-queue.ts';
import type { KeyValueStore, StoreOperation, TableRecord } from '../dynalite.ts';
import { keys, startingWith } from '../keys.ts';
import { sameItem } from './same-item.ts';
import { createSequence } from './sequence.ts';
import { newShard, shardOf } from './shards.ts';
import { streamRecord } from './stream-record.ts';
import type { ItemChange, Shard, Stream, StreamViewType } from './types.ts';

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
