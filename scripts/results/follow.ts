import type { DynamoDBRecord } from 'aws-lambda';
import { sleep } from '#local/event-source-mapping/options.ts';
import type { SourceRecord, StreamSource } from '#local/event-source-mapping/source.ts';
import { messageOf } from '#shared/errors.ts';
import { fromAttributes } from '#shared/results-table/attribute-values.ts';
import { fromStoredItem, type TableItem } from '#shared/results-table/stored-item.ts';
import { backoffDelay, isUnavailable } from '#shared/retry.ts';

const RECORDS_A_READ = 1_000;
const BACKOFF = { baseMs: 500, capMs: 10_000 };

/** What following a table needs of its surroundings. */
export interface FollowDeps {
  readonly signal: AbortSignal;
  /** Told what keeps it from reading, and what it missed. */
  readonly say: (line: string) => void;
  /** How often a shard that has no more is read, and how often new shards are looked for, in milliseconds. */
  readonly pollMs?: number;
  readonly shardsMs?: number;
}

/**
 * Begins to follow the stream of the results table: `run` gives every item that is new from this moment on, once, as it is
 * written, whenever its record arrived. An item that is written over is none; after a fault it goes on where it was.
 */
export async function openFollower(source: StreamSource, deps: FollowDeps) {
  const { signal, say, pollMs = 1_000, shardsMs = 10_000 } = deps;
  // The stream rounds times down to the second.
  const openedAt = Math.floor(Date.now() / 1_000) * 1_000;
  const shards = await source.listShards();
  const known = new Set(shards.map(({ shardId }) => shardId));
  const split = new Set(shards.flatMap(({ parentIds }) => parentIds));
  const open = await Promise.all(
    shards
      .filter(({ shardId }) => !split.has(shardId))
      .map(async ({ shardId }) => ({
        shardId,
        iterator: await source.getIterator(shardId, undefined, 'LATEST'),
      })),
  );
  let failures = 0;

  /** Waits out a fault that will pass. */
  async function waitOut(error: unknown): Promise<void> {
    if (!isUnavailable(error)) throw error;
    if (failures === 0) say(`the table's stream cannot be read, trying again: ${messageOf(error)}`);
    failures += 1;
    await sleep(backoffDelay(failures, BACKOFF), signal);
  }

  async function readShard(
    shardId: string,
    begun: string | undefined,
    onRecord: (record: SourceRecord) => void,
  ): Promise<void> {
    // Of a shard that was there before, what an iterator lost that never gave a record is found by its time.
    const since = begun === undefined ? 0 : openedAt;
    let iterator = begun;
    let after: string | undefined;
    while (!signal.aborted) {
      try {
        iterator ??= await source.getIterator(shardId, after);
        const { records, next } = await source.getRecords(shardId, iterator, RECORDS_A_READ);
        failures = 0;
        for (const record of records) {
          after = record.sequenceNumber;
          if (record.arrivedAt >= since) onRecord(record);
        }
        if (next === undefined) return;
        iterator = next;
        if (records.length === 0) await sleep(pollMs, signal);
      } catch (error) {
        const name = error instanceof Error ? error.name : '';
        if (name === 'ExpiredIteratorException') iterator = undefined;
        else if (name === 'TrimmedDataAccessException') {
          say('some results were missed: the stream keeps them for 24 hours');
          iterator = undefined;
          after = undefined;
        } else await waitOut(error);
      }
    }
  }

  return {
    /** Resolves when the signal aborts; rejects with a fault that will not pass. */
    async run(onItem: (item: TableItem) => void): Promise<void> {
      const reading = new Set<Promise<void>>();
      const onRecord = (record: SourceRecord) => {
        const item = newItemOf(record.event as DynamoDBRecord);
        if (item) onItem(item);
      };
      const read = (shardId: string, iterator?: string) => {
        known.add(shardId);
        const done = readShard(shardId, iterator, onRecord).then(() => void reading.delete(done));
        // One that fails stays, and is awaited below, but perhaps not at once.
        done.catch(() => undefined);
        reading.add(done);
      };
      for (const { shardId, iterator } of open) read(shardId, iterator);
      while (!signal.aborted) {
        await Promise.race([sleep(shardsMs, signal), ...reading]);
        try {
          for (const { shardId } of await source.listShards()) {
            // All that a new shard holds is new.
            if (!known.has(shardId)) read(shardId);
          }
        } catch (error) {
          await waitOut(error);
        }
      }
      await Promise.all(reading);
    },
  };
}

/** The item of a change that is a first insert of ours. */
function newItemOf({ eventName, dynamodb }: DynamoDBRecord): TableItem | undefined {
  if (eventName !== 'INSERT' || !dynamodb?.NewImage) return undefined;
  try {
    return fromStoredItem(
      fromAttributes(dynamodb.NewImage as Parameters<typeof fromAttributes>[0]),
    );
  } catch {
    return undefined;
  }
}
