import { SpanstreamError } from '#shared/errors.ts';
import type { SessionPort } from '#shared/nlp/engine/session-port.ts';
import { openWorkerPort } from '#shared/nlp/engine/worker-port.ts';
import type { BatchOutput, GraphSignature, PackedBatch } from '#shared/nlp/onnx.ts';

const workerFile = new URL('../../shared/nlp/worker-development.mjs', import.meta.url);

/** Ports on worker threads that keep what the models gave, and ports that give it again at once. */
export function recordPorts(): { openPort: () => SessionPort; openReplay: () => SessionPort } {
  const signatures = new Map<number, GraphSignature>();
  const outputs = new Map<string, BatchOutput>();
  return {
    openPort: () => {
      const port = openWorkerPort(workerFile);
      return {
        async load(model, graphs) {
          const signature = await port.load(model, graphs);
          signatures.set(model, signature);
          return signature;
        },
        async run(model, batch) {
          const key = keyOf(model, batch);
          const output = await port.run(model, batch);
          outputs.set(key, output);
          return output;
        },
        close: () => port.close(),
      };
    },
    openReplay: () => ({
      load: async (model) => known(signatures.get(model), 'was never loaded'),
      run: async (model, batch) => known(outputs.get(keyOf(model, batch)), 'never ran the batch'),
      close: async () => undefined,
    }),
  };
}

function keyOf(model: number, { length, ids }: PackedBatch): string {
  return `${model} ${length} ${Buffer.from(ids.buffer).toString('latin1')}`;
}

function known<T>(value: T | undefined, why: string): T {
  if (value === undefined) throw new SpanstreamError('bench', `the recorded model ${why}`);
  return value;
}
