import { type AwsProtocol, awsJson, awsListener } from '../aws-protocols.ts';
import { createClosableServer, listenLocally } from '../http-server.ts';
import { createCommitQueue, openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, repeat } from '../local-service.ts';
import { type Operations, runOperation } from '../operations.ts';
import { createDynaliteStore } from './dynalite.ts';
import { type Context, itemOperations } from './items.ts';
import { streamOperations } from './stream-operations.ts';
import { loadStreams } from './streams.ts';
import { sweep } from './sweep.ts';
import { recoverTables, tableOperations } from './tables.ts';

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

const services = new Map<string, Operations<Context>>([
  ['DynamoDB_20120810', new Map([...itemOperations, ...tableOperations])],
  ['DynamoDBStreams_20120810', new Map(streamOperations)],
]);

/** Starts the DynamoDB stand-in: dynalite's tables, with streams and expiry of items added. */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<LocalService> {
  const now = options.now ?? Date.now;
  const { directory, createTableMs, deleteTableMs, updateTableMs } = options;
  const store = createDynaliteStore({
    ...(createTableMs !== undefined && { createTableMs }),
    ...(deleteTableMs !== undefined && { deleteTableMs }),
    ...(updateTableMs !== undefined && { updateTableMs }),
    ...(directory && { path: directory }),
  });
  await openStore(store.db, directory);
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
    awsListener({
      protocols: [withProtoNames(awsJson())],
      errorNamespace: 'com.amazonaws.dynamodb.v20120810#',
      bodyLimitBytes: 16 * 1024 * 1024,
      handle: ({ service, operation, input }) =>
        runOperation(services.get(service), operation, context, input),
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

/**
 * Lets attributes be named `__proto__`: dynalite copies items member by member, which loses that one name. So it goes by
 * another one inside, as a name and as a value alike, and back on its way out.
 */
function withProtoNames(json: AwsProtocol): AwsProtocol {
  const [outside, inside] = ['"__proto__"', '"..__proto__.."'];
  const renamed = (body: Buffer | string, from: string, to: string) =>
    body.includes(from) ? String(body).replaceAll(from, to) : body;
  return {
    ...json,
    read: (request, body) => json.read(request, Buffer.from(renamed(body, outside, inside))),
    write: (output, request, call) => {
      const answer = json.write(output, request, call);
      return { ...answer, body: renamed(answer.body, inside, outside) };
    },
  };
}
