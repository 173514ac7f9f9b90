import { SHARE_ENV, Worker } from 'node:worker_threads';
import { InferenceError, ModelError } from '../../errors.ts';
import type { BatchOutput, GraphSignature } from '../onnx.ts';
import {
  PortLostError,
  type SessionPort,
  type WorkerReply,
  type WorkerRequest,
} from './session-port.ts';

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** `Omit` that keeps a union apart. */
type WithoutCall<T> = T extends unknown ? Omit<T, 'call'> : never;

/** Starts a worker thread and speaks with it as a port. */
export function openWorkerPort(file: URL): SessionPort {
  // The environment is shared, since what a thread sets in a copy of its own does not reach native code (see onnx.ts).
  const worker = new Worker(file, { execArgv: [], env: SHARE_ENV });
  const calls = new Map<number, PendingCall>();
  let lastCall = 0;
  let lost: Error | undefined;

  const lose = (why: string): void => {
    lost ??= new PortLostError(`the worker thread ${why}`);
    for (const call of calls.values()) call.reject(lost);
    calls.clear();
  };
  worker.on('message', (reply: WorkerReply) => {
    const call = calls.get(reply.call);
    calls.delete(reply.call);
    if (reply.ok) call?.resolve(reply.value);
    else if (reply.invalidModel) call?.reject(new ModelError(reply.message));
    else call?.reject(new InferenceError(reply.message));
  });
  worker.on('messageerror', () => {
    lose('sent what cannot be read');
    void worker.terminate();
  });
  worker.on('error', (error) => lose(`failed: ${error.message}`));
  worker.on('exit', (code) => lose(`exited with code ${code}`));

  const request = <T>(body: WithoutCall<WorkerRequest>, transfer: ArrayBuffer[] = []): Promise<T> =>
    new Promise((resolve, reject) => {
      if (lost) {
        reject(lost);
        return;
      }
      lastCall += 1;
      // The reply is what worker.ts posts for this kind of request.
      calls.set(lastCall, { resolve: (value) => resolve(value as T), reject });
      worker.postMessage({ ...body, call: lastCall }, transfer);
    });

  const end = async (): Promise<void> => {
    const released = request({ kind: 'close' });
    // A load that came after it would be cut short, and a thread that ends in native code takes the process with it.
    lost ??= new PortLostError('the worker thread was closed');
    await released.catch(() => undefined);
    await worker.terminate();
  };
  let closing: Promise<void> | undefined;

  return {
    load: (model, graphs) => request<GraphSignature>({ kind: 'load', model, graphs }),
    run: (model, batch) =>
      request<BatchOutput>({ kind: 'run', model, batch }, [
        buffer(batch.ids),
        buffer(batch.typeIds),
      ]),
    close() {
      closing ??= end();
      return closing;
    },
  };
}

function buffer(array: Int32Array): ArrayBuffer {
  // Packed batches are made with `new Int32Array(length)`, never on shared memory.
  return array.buffer as ArrayBuffer;
}
