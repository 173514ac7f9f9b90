/**
 * The inference function as it is deployed, with one thing more: at SIGUSR2 its worker threads end, as they do where memory
 * runs out or a native library faults.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const workers = new Set<threads.Worker>();

threads.Worker = class extends threads.Worker {
  constructor(...given: ConstructorParameters<typeof threads.Worker>) {
    super(...given);
    // The runtime client's watchman is none of the engine's.
    if (given[1]?.eval === true) return;
    workers.add(this);
    this.once('exit', () => workers.delete(this));
  }
};
syncBuiltinESMExports();
process.on('SIGUSR2', () => {
  for (const worker of workers) void worker.terminate();
});

// Only now, so that it meets the class above.
const { handler } = await import('#consumers/inference/handler.ts');

export { handler };
