import { randomUUID } from 'node:crypto';
import type { Invocation } from '#local/lambda/invocation.ts';
import { messageOf } from '#shared/errors.ts';
import { backoffMs } from './backoff.ts';
import {
  type FailedInvocation,
  invocationRecord,
  invocationRecordKey,
  type ParkCondition,
} from './invocation-record.ts';
import type { ShardContext } from './shard-consumer.ts';
import type { StreamRecord } from './stream-source.ts';

/** Invokes the function; undefined where it could not be invoked, which says nothing about the batch. */
export async function invokeFunction(
  context: ShardContext,
  event: unknown,
): Promise<Invocation | undefined> {
  try {
    return await context.options.invoke(event);
  } catch (error) {
    const { log, shardId } = context;
    log.debug({ shardId, error: messageOf(error) }, 'the function could not be invoked');
    return undefined;
  }
}

/** Waits before the next attempt after `failures` failures in a row; at once when the mapping stops. */
export function waitAfter(context: ShardContext, failures: number): Promise<void> {
  const { clock, backoff, stop } = context;
  return clock.sleep(backoffMs(failures, backoff, clock.random()), stop);
}

/**
 * Hands records that are given up to the on-failure destination, trying until it has them.
 *
 * @returns false when the mapping stopped before that
 */
export async function parkRecords(
  context: ShardContext,
  records: readonly StreamRecord[],
  given: {
    event: unknown;
    condition: ParkCondition;
    invokeCount: number;
    lastFailure: FailedInvocation;
  },
): Promise<boolean> {
  const { options, shardId, clock, log, stop } = context;
  const [first, ...others] = records;
  if (!first) return true;
  const about = { shardId, records: records.length, condition: given.condition };
  if (!options.onFailure) {
    log.error(about, 'records are dropped: the mapping has no on-failure destination');
    return true;
  }
  const now = clock.now();
  const { functionArn, source } = options;
  const record = invocationRecord({
    ...given,
    source,
    functionArn,
    shardId,
    records: [first, ...others],
    now,
  });
  const key = invocationRecordKey({
    mappingUuid: context.mappingUuid,
    shardId,
    now,
    uuid: randomUUID(),
  });
  for (let failures = 1; !stop.aborted; failures += 1) {
    try {
      await options.onFailure(key, record);
      log.warn({ ...about, key }, 'records are parked');
      return true;
    } catch (error) {
      log.error({ ...about, error: messageOf(error) }, 'the on-failure destination failed');
      await waitAfter(context, failures);
    }
  }
  return false;
}
