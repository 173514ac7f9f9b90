import { mkdir } from 'node:fs/promises';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { createClosableServer, listenLocally } from '../http-server.ts';
import { jsonProtocol } from '../json-protocol.ts';
import type { LocalService, LocalServiceOptions } from '../local-service.ts';
import { repeat } from '../repeat.ts';
import { createCommitQueue } from './commit-queue.ts';
import type { Context } from './context.ts';
import type { DynaliteStore, DynaliteStoreOptions } from './dynalite.ts';
import { createDynaliteStore } from './dynalite.ts';
import { runOperation } from './operations/index.ts';
import { recoverTables } from './recover.ts';
import { loadStreams } from './streams/streams.ts';
import { sweep } from './sweep.ts';

const HOUR_MS = 3_600_000;

/** Options of the DynamoDB stand-in; one endpoint answers for tables and for streams. */
export interface DynamoDbOptions extends LocalServiceOptions {
  createTableMs?: number;
  deleteTableMs?: number;
  updateTableMs?: number;
  /** Open shards of a new stream; items are spread by a hash of the partition key. Default 2. */
  streamShards?: number;
  /** Age in milliseconds at which a shard is closed and succeeded by a child. Default 4 hours. */
  shardRolloverMs?: number;
  /** Records after which a shard is closed and succeeded by a child. Default: no such limit. */
  shardRolloverRecords?: number;
  /** How long stream records are kept, in milliseconds. Default 24 hours. */
  streamRetentionMs?: number;
  /** How long a shard iterator lives, in milliseconds. Default 15 minutes. */
  iteratorLifetimeMs?: number;
  /** How often expired items and old stream records are swept, in milliseconds. Default 1 minute. */
  sweepIntervalMs?: number;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

/** Starts the DynamoDB stand-in: dynalite's tables, with streams and expiry of items added. */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<LocalService> {
  const now = options.now ?? Date.now;
  const store = await openStore(options);
  await recoverTables(store);
  const queue = createCommitQueue(store.db);
  const streams = await loadStreams(
    { db: store.db, queue },
    {
      shards: options.streamShards ?? 2,
      rolloverMs: options.shardRolloverMs ?? 4 * HOUR_MS,
      rolloverRecords: options.shardRolloverRecords ?? Number.POSITIVE_INFINITY,
      region: store.tableDb.awsRegion,
      now,
    },
  );
  const iteratorLifetimeMs = options.iteratorLifetimeMs ?? HOUR_MS / 4;
  const context: Context = { store, queue, streams, now, iteratorLifetimeMs };
  const { server, close } = createClosableServer(
    jsonProtocol({
      errorPrefix: () => 'com.amazonaws.dynamodb.v20120810#',
      bodyLimitBytes: 16 * 1024 * 1024,
      handle: (call) => runOperation(context, call),
    }),
  );
  const endpoint = await listenLocally(server, options.port).catch(async (error: unknown) => {
    await store.db.close();
    throw error;
  });
  const sweeping = repeat(
    () => sweep(context, options.streamRetentionMs ?? 24 * HOUR_MS),
    options.sweepIntervalMs ?? 60_000,
  );
  return {
    endpoint,
    close: async () => {
      await Promise.all([close(), sweeping.stop()]);
      await queue.settled();
      await store.db.close();
    },
  };
}

async function openStore(options: DynamoDbOptions): Promise<DynaliteStore> {
  const { directory, createTableMs, deleteTableMs, updateTableMs } = options;
  if (directory !== undefined) await mkdir(directory, { recursive: true });
  const delays: DynaliteStoreOptions = {
    ...(createTableMs !== undefined && { createTableMs }),
    ...(deleteTableMs !== undefined && { deleteTableMs }),
    ...(updateTableMs !== undefined && { updateTableMs }),
  };
  const store = createDynaliteStore({ ...delays, ...(directory && { path: directory }) });
  try {
    await store.db.open();
  } catch (error) {
    throw new ConfigurationError(
      `cannot open the tables in ${directory}: ${messageOf((error as Error).cause ?? error)}`,
      { cause: error },
    );
  }
  return store;
}
