import { ServiceError } from '../../service-error.ts';
import type { Context } from '../context.ts';
import { keys } from '../keys.ts';

/** The attribute that holds the expiry of a table's items, where one is set. */
export async function timeToLiveAttribute(
  context: Context,
  table: string,
): Promise<string | undefined> {
  if ((await context.store.db.get(keys.table(table))) === undefined) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${table} not found`,
    );
  }
  return (await context.store.db.get(keys.timeToLive(table))) as string | undefined;
}
