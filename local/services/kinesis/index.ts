import { awsService } from '../aws-protocols.ts';
import { createCommitQueue, createStore, openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
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
}

const operations = Object.fromEntries([
  ...streamOperations,
  ...shardOperations,
  ...recordOperations,
]);

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
  return serve(
    awsService({
      bodyLimitBytes: BODY_LIMIT_BYTES,
      operations: { [SERVICE]: operations },
      context,
    }),
    {
      port: options.port,
      rounds: [[() => trimRecords(context), options.trimIntervalMs ?? 60_000]],
      release: async () => {
        await context.queue.settled();
        await db.close();
      },
    },
  );
}
