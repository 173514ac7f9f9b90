import { awsJson, awsListener } from '../aws-protocols.ts';
import { createClosableServer, listenLocally } from '../http-server.ts';
import { createCommitQueue, createStore, openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, repeat } from '../local-service.ts';
import { runOperation } from '../operations.ts';
import { type Context, createSequence } from './context.ts';
import { recordOperations, trimRecords } from './records.ts';
import { shardOperations } from './shards.ts';
import { loadStreams, streamOperations } from './streams.ts';

const SERVICE = 'Kinesis_20131202';
/** 10 MiB of records as base64, with what stands around 500 of them. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Options of the Kinesis stand-in. */
export interface KinesisOptions extends LocalServiceOptions {
  /** How often records past their retention are deleted, in milliseconds. Default 1 minute. */
  trimIntervalMs?: number;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

const operations = new Map([...streamOperations, ...shardOperations, ...recordOperations]);

/** Starts the Kinesis stand-in: streams, shards that split and merge, records for as long as their stream keeps them. */
export async function startKinesis(options: KinesisOptions = {}): Promise<LocalService> {
  const now = options.now ?? Date.now;
  const db = createStore(options.directory);
  await openStore(db, options.directory);
  const context: Context = {
    db,
    queue: createCommitQueue(db),
    streams: new Map(),
    sequence: createSequence(now),
    region: process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    now,
  };
  await loadStreams(context);
  const { server, close } = createClosableServer(
    awsListener({
      protocols: [awsJson()],
      errorNamespace: '',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: ({ service, operation, input }) =>
        runOperation(service === SERVICE ? operations : undefined, operation, context, input),
    }),
  );
  const endpoint = await listenLocally(server, options.port).catch(async (error: unknown) => {
    await db.close();
    throw error;
  });
  const trimming = repeat(() => trimRecords(context), options.trimIntervalMs ?? 60_000);
  return {
    endpoint,
    close: async () => {
      await Promise.all([close(), trimming.stop()]);
      await context.queue.settled();
      await db.close();
    },
  };
}
