import { ServiceError } from '../../service-error.ts';
import { captureStore } from '../captured-store.ts';
import type { Context } from '../context.ts';
import type { DynaliteOperation, TableRecord, WireItem } from '../dynalite.ts';
import { itemKey, runAction, validateInput } from '../dynalite.ts';
import { keys } from '../keys.ts';

/** Runs one of dynalite's writes with its changes captured for the stream. */
export async function writeItem(
  context: Context,
  operation: DynaliteOperation,
  input: unknown,
  principal?: string,
): Promise<unknown> {
  // Asked for before the check, which drops the members that dynalite does not know.
  const itemWanted =
    (input as { ReturnValuesOnConditionCheckFailure?: unknown })
      .ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const data = validateInput(context.store, operation, input);
  const captured = captureStore(context, principal);
  try {
    return await runAction(captured.store, operation, data);
  } catch (error) {
    throw itemWanted ? await withItem(context, captured, data, error) : error;
  }
}

async function withItem(
  context: Context,
  captured: ReturnType<typeof captureStore>,
  data: Record<string, unknown>,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof ServiceError)) return error;
  if (!error.type.endsWith('ConditionalCheckFailedException')) return error;
  const name = String(data.TableName);
  const table = (await context.store.db.get(keys.table(name))) as TableRecord;
  const key = itemKey((data.Item ?? data.Key) as WireItem, table);
  const item = captured.itemBefore(name, key);
  return item === undefined
    ? error
    : new ServiceError(error.type, error.message, {
        statusCode: error.statusCode,
        members: { Item: item },
      });
}
