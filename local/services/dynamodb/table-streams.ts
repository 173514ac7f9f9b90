import { createHash } from 'node:crypto';
import { entry, type KeyValueStore, type StoreOperation, valuesOf } from '../key-value-store.ts';
import { resourceNotFound, ServiceError, validationException } from '../operations.ts';
import { createRecordLog, isOpen } from '../record-log.ts';
import type { WireItem } from './dynalite.ts';
import { keys, type TableDescription } from './stored-table.ts';
import type {
  ItemChange,
  StreamViewType,
  TableStream,
  TableStreamRecord,
  TableStreamShard,
} from './stream-records.ts';
import { sameItem, tableStreamRecord } from './stream-records.ts';

const ROLLOVER_MS = 4 * 3_600_000;
const RETENTION_MS = 24 * 3_600_000;

/** A shard as earlier versions kept it. */
interface EarlierShard {
  shardId: string;
  slot: number;
  parentShardId?: string;
  startingSequenceNumber: string;
  endingSequenceNumber?: string;
}

/** How streams are cut into shards. */
export interface TableStreamOptions {
  /** Open shards of a new stream; items are spread by a hash of the partition key. Default 2. */
  streamShards?: number;
  /** Records after which a shard is closed and succeeded by a child, as it is after four hours. Default: no such limit. */
  shardRolloverRecords?: number;
}

/** All streams, kept in memory and in the store alike; what changes them answers the writes to commit. */
export type TableStreams = Awaited<ReturnType<typeof openTableStreams>>;

/** Reads the streams back from the store. */
export async function openTableStreams(
  store: KeyValueStore,
  now: () => number,
  { streamShards = 2, shardRolloverRecords = Number.POSITIVE_INFINITY }: TableStreamOptions,
) {
  const byArn = new Map<string, TableStream>();
  const recordsOf = new Map<TableStreamShard, number>();
  const streamOf = (arn: string): TableStream => {
    const stream = byArn.get(arn);
    if (stream !== undefined) return stream;
    throw resourceNotFound(`Requested resource not found: Stream: ${arn} not found`);
  };
  const log = createRecordLog<TableStream, TableStreamRecord>(store, now, {
    streamOf,
    nameOf: ({ arn }) => arn,
    prefixOf: keys.record,
    suffixOf: () => '',
    retentionMs: () => RETENTION_MS,
    bytesOf: ({ dynamodb }) => dynamodb.SizeBytes,
    arrivedAt: ({ dynamodb }) => dynamodb.ApproximateCreationDateTime,
    pageBytes: 1024 * 1024,
    iteratorMs: 15 * 60_000,
    invalid: validationException,
    trimmed: () =>
      new ServiceError(
        'TrimmedDataAccessException',
        'The operation attempted to read past the oldest stream record in the shard',
      ),
  });
  type KeptStream = TableStream & { shards?: EarlierShard[] };
  const streams = await valuesOf<KeptStream>(store, keys.stream());
  for (const { shards: earlier = [], ...kept } of streams) {
    const stream = { ...kept, Shards: kept.Shards ?? earlier.map(asShard) };
    byArn.set(stream.arn, stream);
    await log.resume(stream);
  }

  const save = (stream: TableStream) => entry(keys.stream(stream.arn), structuredClone(stream));
  const forTable = (table: string) =>
    [...byArn.values()].find(({ tableName, enabled }) => tableName === table && enabled);

  const newShard = (slot: number, ParentShardId?: string): TableStreamShard => {
    const number = log.nextNumber('');
    return {
      ShardId: `shardId-${number.slice(1, 16).padStart(20, '0')}-${number.slice(-8)}`,
      slot,
      ParentShardId,
      SequenceNumberRange: { StartingSequenceNumber: number },
    };
  };
  /** The open shard that takes an item's changes: one item always falls into the same slot. */
  const shardFor = (stream: TableStream, item: WireItem): TableStreamShard => {
    const partitionKey = stream.keySchema[0]?.AttributeName ?? '';
    const digest = createHash('md5').update(JSON.stringify(item[partitionKey])).digest();
    const slot = digest.readUInt32BE(0) % stream.slots;
    const shard = stream.Shards.find((one) => one.slot === slot && isOpen(one));
    if (shard === undefined) throw new Error(`stream ${stream.arn} has no open shard ${slot}`);
    return shard;
  };

  return {
    log,
    all: () => [...byArn.values()],
    streamOf,
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
        slots: streamShards,
        Shards: Array.from({ length: streamShards }, (_, slot) => newShard(slot)),
      };
      byArn.set(stream.arn, stream);
      return { stream, operation: save(stream) };
    },
    disable: (table: string): StoreOperation[] => {
      const stream = forTable(table);
      if (stream === undefined) return [];
      stream.enabled = false;
      for (const shard of stream.Shards.filter(isOpen)) log.closeShard(shard);
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
      const createdAt = Number(shard.ShardId.slice(8, 28));
      const full = count >= shardRolloverRecords || now() - createdAt >= ROLLOVER_MS;
      if (full) {
        log.closeShard(shard);
        recordsOf.delete(shard);
        shard = newShard(shard.slot, shard.ShardId);
        stream.Shards.push(shard);
      }
      recordsOf.set(shard, full ? 1 : count + 1);
      const record = tableStreamRecord(stream, change, log.nextNumber(''), now());
      const key = `${keys.record(stream.arn, shard.ShardId)}${record.dynamodb.SequenceNumber}`;
      return [entry(key, record), ...(full ? [save(stream)] : [])];
    },
    /** Removes records past their retention, then the shards that held them, then streams that have ended. */
    trim: async () => {
      for (const stream of byArn.values()) {
        const expired = await log.trim(stream);
        if (expired.size === 0) continue;
        stream.Shards = stream.Shards.filter((shard) => !expired.has(shard));
        const ended = stream.Shards.length === 0;
        if (ended) byArn.delete(stream.arn);
        await store.commit([ended ? entry(keys.stream(stream.arn), undefined) : save(stream)]);
      }
    },
  };
}

function asShard({ shardId, slot, parentShardId, ...numbers }: EarlierShard): TableStreamShard {
  return {
    ShardId: shardId,
    slot,
    ParentShardId: parentShardId,
    SequenceNumberRange: {
      StartingSequenceNumber: numbers.startingSequenceNumber,
      EndingSequenceNumber: numbers.endingSequenceNumber,
    },
  };
}
