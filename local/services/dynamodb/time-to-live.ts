import * as z from 'zod';
import { entry, startingWith } from '../key-value-store.ts';
import { operation, ServiceError, validationException } from '../operations.ts';
import { checkInput, type WireItem } from './dynalite.ts';
import { type DynamoDbContext, runItemOperation } from './items.ts';
import { keys, tableOf } from './stored-table.ts';

const PRINCIPAL = 'dynamodb.amazonaws.com';
const FIVE_YEARS_SECONDS = 5 * 365 * 86_400;

/** The attribute that holds the expiry of a table's items, where one is set. */
function attributeOf({ store }: DynamoDbContext, table: string): string | undefined {
  tableOf(store, table);
  return store.getSync(keys.timeToLive(table)) as string | undefined;
}

/** Operations on the time to live of a table's items; a change takes effect at once. */
export const timeToLiveOperations = {
  DescribeTimeToLive: async (context: DynamoDbContext, input: unknown) => {
    const { TableName } = checkInput('DescribeTimeToLive', input);
    const AttributeName = attributeOf(context, String(TableName));
    const TimeToLiveStatus = AttributeName === undefined ? 'DISABLED' : 'ENABLED';
    return { TimeToLiveDescription: { TimeToLiveStatus, AttributeName } };
  },
  UpdateTimeToLive: operation(
    z.object({
      TableName: z.string(),
      TimeToLiveSpecification: z.object({
        AttributeName: z.string().min(1).max(255),
        Enabled: z.boolean(),
      }),
    }),
    async (context: DynamoDbContext, { TableName, TimeToLiveSpecification: wanted }) => {
      const current = attributeOf(context, TableName);
      if (wanted.Enabled === (current !== undefined)) {
        throw validationException(
          `TimeToLive is already ${wanted.Enabled ? 'enabled' : 'disabled'}`,
        );
      }
      if (current !== undefined && current !== wanted.AttributeName) {
        throw validationException(`TimeToLive is active on a different AttributeName: ${current}`);
      }
      const attribute = wanted.Enabled ? wanted.AttributeName : undefined;
      await context.store.commit([entry(keys.timeToLive(TableName), attribute)]);
      return { TimeToLiveSpecification: wanted };
    },
  ),
};

/** One round of housekeeping: expired items, then what is past its retention in the streams. */
export async function sweep(context: DynamoDbContext): Promise<void> {
  const prefix = keys.timeToLive();
  for await (const [key, attribute] of context.store.iterator(startingWith(prefix))) {
    await deleteExpired(context, key.slice(prefix.length), String(attribute));
  }
  await context.streams.trim();
}

async function deleteExpired(context: DynamoDbContext, table: string, attribute: string) {
  const now = Math.floor(context.now() / 1_000);
  for await (const [, value] of context.store.iterator(startingWith(keys.item(table)))) {
    const item = value as WireItem;
    const expiry = Number(item[attribute]?.N);
    if (!(expiry <= now && expiry > now - FIVE_YEARS_SECONDS)) continue;
    try {
      const { KeySchema } = tableOf(context.store, table);
      const input = {
        TableName: table,
        Key: Object.fromEntries(KeySchema.map(({ AttributeName: name }) => [name, item[name]])),
        ConditionExpression: '#expiry = :expiry',
        ExpressionAttributeNames: { '#expiry': attribute },
        ExpressionAttributeValues: { ':expiry': item[attribute] },
      };
      await runItemOperation(context, 'DeleteItem', input, PRINCIPAL);
    } catch (error) {
      // That the table is gone meanwhile, or the item another one, is no failure.
      const type = error instanceof ServiceError ? error.type : '';
      if (!/ConditionalCheckFailed|ResourceNotFound/.test(type)) throw error;
    }
  }
}
