import { type StoreOperation, startingWith } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';
import type { TableRecord, WireItem } from './dynalite.ts';
import { keys } from './dynalite.ts';
import { type Context, writeItem } from './items.ts';
import type { StreamRecord } from './stream-records.ts';
import type { Shard, Stream } from './streams.ts';

const PRINCIPAL = 'dynamodb.amazonaws.com';
const FIVE_YEARS_SECONDS = 5 * 365 * 86_400;

/** One round of housekeeping: expired items, shards due to roll over, stream records past their retention. */
export async function sweep(context: Context, retentionMs: number): Promise<void> {
  await deleteExpiredItems(context);
  await context.queue.commit(context.streams.rollOld());
  for (const stream of context.streams.all()) await trimStream(context, stream, retentionMs);
}

async function deleteExpiredItems(context: Context): Promise<void> {
  const prefix = keys.timeToLive();
  for await (const [key, attribute] of context.store.db.iterator(startingWith(prefix))) {
    await deleteExpiredOf(context, key.slice(prefix.length), String(attribute));
  }
}

async function deleteExpiredOf(context: Context, table: string, attribute: string) {
  const record = (await context.store.db.get(keys.table(table))) as TableRecord | undefined;
  if (record === undefined) return;
  const now = Math.floor(context.now() / 1_000);
  for await (const [, value] of context.store.db.iterator(startingWith(keys.item(table)))) {
    const item = value as WireItem;
    const expiry = Number(item[attribute]?.N ?? Number.NaN);
    if (!(expiry <= now && expiry > now - FIVE_YEARS_SECONDS)) continue;
    const key = Object.fromEntries(
      record.KeySchema.map(({ AttributeName: name }) => [name, item[name]]),
    );
    const input = {
      TableName: table,
      Key: key,
      ConditionExpression: '#expiry = :expiry',
      ExpressionAttributeNames: { '#expiry': attribute },
      ExpressionAttributeValues: { ':expiry': item[attribute] },
    };
    await writeItem(context, 'DeleteItem', input, PRINCIPAL).catch(ignoreChanged);
  }
}

function ignoreChanged(error: unknown) {
  const changed =
    error instanceof ServiceError && /ConditionalCheckFailed|ResourceNotFound/.test(error.type);
  if (!changed) throw error;
}

async function trimStream(context: Context, stream: Stream, retentionMs: number): Promise<void> {
  const horizon = context.now() - retentionMs;
  const operations: StoreOperation[] = [];
  for (const shard of stream.shards) {
    operations.push(...(await trimShard(context, stream, shard, horizon)));
  }
  const kept = [];
  for (const shard of stream.shards) {
    const gone =
      isClosedBefore(shard, horizon) && shard.trimmedThrough === shard.endingSequenceNumber;
    if (!gone) kept.push(shard);
  }
  const dropped = kept.length < stream.shards.length;
  stream.shards = kept;
  if (!stream.enabled && kept.length === 0) operations.push(...context.streams.forget(stream));
  else if (dropped || operations.length > 0) operations.push(context.streams.save(stream));
  if (operations.length > 0) await context.queue.commit(operations);
}

async function trimShard(context: Context, stream: Stream, shard: Shard, horizon: number) {
  const operations: StoreOperation[] = [];
  let emptied = true;
  const range = startingWith(keys.record(stream.arn, shard.shardId));
  for await (const [key, value] of context.store.db.iterator(range)) {
    const { dynamodb } = value as StreamRecord;
    if (dynamodb.ApproximateCreationDateTime * 1_000 >= horizon) {
      emptied = false;
      break;
    }
    operations.push({ type: 'del', key });
    shard.trimmedThrough = dynamodb.SequenceNumber;
  }
  if (emptied && shard.endingSequenceNumber !== undefined && isClosedBefore(shard, horizon)) {
    shard.trimmedThrough = shard.endingSequenceNumber;
  }
  return operations;
}

function isClosedBefore(shard: Shard, horizon: number): boolean {
  return shard.closedAt !== undefined && shard.closedAt < horizon;
}
