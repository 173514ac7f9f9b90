import { awsService } from '../aws-protocols.ts';
import { openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
import { recordOperations } from './records.ts';
import { shardOperations } from './shards.ts';
import { openStreams } from './stored-stream.ts';
import { streamOperations } from './streams.ts';

/** Starts the Kinesis stand-in: streams, shards that split and merge, records for as long as their stream keeps them. */
export async function startKinesis(options: LocalServiceOptions = {}): Promise<LocalService> {
  const store = await openStore(options.directory);
  const context = await openStreams(store, options.now ?? Date.now);
  const trim = async () => {
    for (const stream of context.streams.values()) await context.log.trim(stream);
  };
  return serve(
    awsService({
      // 10 MiB of records as base64, with what stands around 500 of them.
      bodyLimitBytes: 16 * 1024 * 1024,
      operations: {
        Kinesis_20131202: { ...streamOperations, ...shardOperations, ...recordOperations },
      },
      context,
    }),
    {
      port: options.port,
      rounds: [[trim, options.intervalMs ?? 60_000]],
      release: store.close,
    },
  );
}
