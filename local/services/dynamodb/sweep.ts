import { startingWith } from '../key-value-store.ts';
import { ServiceError } from '../operations.ts';
import type { WireItem } from './dynalite.ts';
import { type Context, runItemOperation } from './items.ts';
import { keys, tableOf } from './store.ts';

const PRINCIPAL = 'dynamodb.amazonaws.com';
const FIVE_YEARS_SECONDS = 5 * 365 * 86_400;

/** One round of housekeeping: expired items, then what is past its retention in the streams. */
export async function sweep(context: Context): Promise<void> {
  const prefix = keys.timeToLive();
  for await (const [key, attribute] of context.db.iterator(startingWith(prefix))) {
    await unlessGone(deleteExpired(context, key.slice(prefix.length), String(attribute)));
  }
  await context.streams.trim();
}

async function deleteExpired(context: Context, table: string, attribute: string) {
  const { KeySchema } = await tableOf(context.db, table);
  const now = Math.floor(context.now() / 1_000);
  for await (const [, value] of context.db.iterator(startingWith(keys.item(table)))) {
    const item = value as WireItem;
    const expiry = Number(item[attribute]?.N ?? Number.NaN);
    if (!(expiry <= now && expiry > now - FIVE_YEARS_SECONDS)) continue;
    const input = {
      TableName: table,
      Key: Object.fromEntries(KeySchema.map(({ AttributeName: name }) => [name, item[name]])),
      ConditionExpression: '#expiry = :expiry',
      ExpressionAttributeNames: { '#expiry': attribute },
      ExpressionAttributeValues: { ':expiry': item[attribute] },
    };
    await unlessGone(runItemOperation(context, 'DeleteItem', input, PRINCIPAL));
  }
}

/** Waits for a deletion; that the table is gone meanwhile, or the item another one, is no failure. */
async function unlessGone(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    const gone =
      error instanceof ServiceError && /ConditionalCheckFailed|ResourceNotFound/.test(error.type);
    if (!gone) throw error;
  }
}
