import { awsCbor, awsJson, awsListener } from '../aws-protocols.ts';
import { createClosableServer, listenLocally } from '../http-server.ts';
import { createCommitQueue, createStore, openStore } from '../key-value-store.ts';
import type { LocalService, LocalServiceOptions } from '../local-service.ts';
import { runOperation } from '../operations.ts';
import { repeat } from '../repeat.ts';
import { recordOperations, trimRecords } from './records.ts';
import { type Context, createSequence, loadStreams, streamOperations } from './streams.ts';

/** 10 MiB of records as base64, with what stands around 500 of them. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Options of the Kinesis stand-in; the delays are how long a stream stays in each passing state. */
export interface KinesisOptions extends LocalServiceOptions {
  createStreamMs?: number;
  deleteStreamMs?: number;
  updateStreamMs?: number;
  /** Most open shards of all streams together. Default 100. */
  shardLimit?: number;
  /** How often records past their retention are deleted, in milliseconds. Default 1 minute. */
  trimIntervalMs?: number;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

const operations = new Map([...streamOperations, ...recordOperations]);
const members = {
  times: new Set(['ApproximateArrivalTimestamp', 'StreamCreationTimestamp']),
  blobs: new Set(['Data']),
};

/** Starts the Kinesis stand-in: streams, shards that split and merge, records for as long as their stream keeps them. */
export async function startKinesis(options: KinesisOptions = {}): Promise<LocalService> {
  const now = options.now ?? Date.now;
  const db = createStore(options.directory);
  await openStore(db, options.directory);
  const timers = new Set<NodeJS.Timeout>();
  const context: Context = {
    db,
    queue: createCommitQueue(db),
    streams: new Map(),
    sequence: createSequence(now),
    now,
    region: process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    account: '000000000000',
    shardLimit: options.shardLimit ?? 100,
    delays: {
      create: options.createStreamMs ?? 500,
      delete: options.deleteStreamMs ?? 500,
      update: options.updateStreamMs ?? 500,
    },
    later: async (ms, task) => {
      if (ms === 0) return task();
      const timer = setTimeout(() => {
        timers.delete(timer);
        // What is left half-way here is ended at the next start.
        task().catch(() => undefined);
      }, ms);
      timers.add(timer);
    },
  };
  await loadStreams(context);
  const { server, close } = createClosableServer(
    awsListener({
      protocols: [awsCbor(members), awsJson()],
      errorNamespace: '',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: ({ service, operation, input }) =>
        runOperation(
          service === 'Kinesis_20131202' ? operations : undefined,
          operation,
          context,
          input,
        ),
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
      for (const timer of timers) clearTimeout(timer);
      await context.queue.settled();
      await db.close();
    },
  };
}
