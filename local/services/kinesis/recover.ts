import { createRequire } from 'node:module';
import { promisify } from 'node:util';

interface StreamRecord {
  StreamName: string;
  StreamStatus: string;
}
interface MetaStore {
  get(key: string, callback: (error: unknown, value?: StreamRecord) => void): void;
  put(key: string, value: StreamRecord, callback: (error?: unknown) => void): void;
  del(key: string, callback: (error?: unknown) => void): void;
  createValueStream(): AsyncIterable<StreamRecord>;
}
interface Store {
  db: { close(callback: (error?: unknown) => void): void };
  metaDb: MetaStore;
  deleteStreamDb(name: string, callback: (error?: unknown) => void): void;
}

const load = createRequire(import.meta.url);
const database = load('kinesalite/db') as { create(options: { path: string }): Store };

/**
 * Ends what the last process left half-way, before the server opens the folder: kinesalite moves a stream on by
 * timers, which die with the process. A stream being made or deleted is removed (it took no record yet, or is to lose
 * them all), so that it can be made anew; one being split or merged keeps the shards it has.
 */
export async function recoverStreams(directory: string): Promise<void> {
  const store = database.create({ path: directory });
  const put = promisify(store.metaDb.put.bind(store.metaDb));
  const remove = promisify(store.metaDb.del.bind(store.metaDb));
  const clear = promisify(store.deleteStreamDb.bind(store));
  try {
    const streams: StreamRecord[] = [];
    for await (const stream of store.metaDb.createValueStream()) streams.push(stream);
    for (const stream of streams) {
      if (stream.StreamStatus === 'UPDATING') {
        await put(stream.StreamName, { ...stream, StreamStatus: 'ACTIVE' });
      } else if (stream.StreamStatus !== 'ACTIVE') {
        await clear(stream.StreamName);
        await remove(stream.StreamName);
      }
    }
  } finally {
    await promisify(store.db.close.bind(store.db))();
  }
}
