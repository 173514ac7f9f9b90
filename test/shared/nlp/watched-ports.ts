import type { SessionPort } from '#shared/nlp/engine/session-port.ts';
import { openWorkerPort } from '#shared/nlp/engine/worker-port.ts';

const workerFile = new URL('../../../shared/nlp/worker-development.mjs', import.meta.url);

/** Ports on worker threads, and what was loaded on them and run, by model. */
export interface WatchedPorts {
  readonly loads: number[];
  readonly runs: {
    readonly model: number;
    readonly outputs: readonly string[];
    readonly rows: number;
  }[];
  openPort(): SessionPort;
}

/** Makes ports that are watched; `beforeLoad` may hold a load up, or fail it. */
export function watchPorts(beforeLoad?: (model: number) => Promise<void> | void): WatchedPorts {
  const loads: WatchedPorts['loads'] = [];
  const runs: WatchedPorts['runs'] = [];
  return {
    loads,
    runs,
    openPort() {
      const port = openWorkerPort(workerFile);
      return {
        ...port,
        async load(model, graphs) {
          loads.push(model);
          await beforeLoad?.(model);
          return port.load(model, graphs);
        },
        run(model, batch) {
          runs.push({ model, outputs: batch.outputs, rows: batch.rows });
          return port.run(model, batch);
        },
      };
    },
  };
}
