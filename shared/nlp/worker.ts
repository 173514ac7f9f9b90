import { parentPort } from 'node:worker_threads';
import { ModelError, messageOf } from '../errors.ts';
import type { WorkerReply, WorkerRequest } from './engine/session-port.ts';
import type { GraphFile } from './model-folder.ts';
import { openSession, type Session } from './onnx.ts';

const sessions = new Map<number, Session>();
const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread only');

let last: Promise<unknown> = Promise.resolve();
port.on('message', (request: WorkerRequest) => {
  // One after the other: a session must not be released while it runs.
  const answered = last.then(() => answer(request));
  last = answered.catch(() => undefined);
  answered.then(
    ({ value, transfer }) =>
      port.postMessage({ call: request.call, ok: true, value } satisfies WorkerReply, transfer),
    (error: unknown) =>
      port.postMessage({
        call: request.call,
        ok: false,
        invalidModel: error instanceof ModelError,
        message: messageOf(error),
      } satisfies WorkerReply),
  );
});

interface Reply {
  readonly value: unknown;
  readonly transfer: ArrayBuffer[];
}

async function answer(request: WorkerRequest): Promise<Reply> {
  if (request.kind === 'load') {
    // Loaded anew where the first load failed elsewhere: what it left here would never be released.
    const before = sessions.get(request.model);
    sessions.delete(request.model);
    await before?.release();
    const session = await openFirst(request.graphs);
    sessions.set(request.model, session);
    return { value: session.signature, transfer: [] };
  }
  if (request.kind === 'close') {
    await Promise.all([...sessions.values()].map((session) => session.release()));
    sessions.clear();
    return { value: null, transfer: [] };
  }
  const session = sessions.get(request.model);
  if (session === undefined) throw new Error(`model ${request.model} is not loaded`);
  const output = await session.run(request.batch);
  // The runtime owns the memory of its outputs, which therefore cannot be handed over as it is.
  const copies = Object.entries(output).map(
    ([name, { data, width }]) => [name, { data: data.slice(), width }] as const,
  );
  return { value: Object.fromEntries(copies), transfer: copies.map(([, { data }]) => data.buffer) };
}

async function openFirst(graphs: readonly GraphFile[]): Promise<Session> {
  let failure: unknown = new ModelError('a model without a graph');
  for (const graph of graphs) {
    try {
      return await openSession(graph.path, { optimized: graph.optimized });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
