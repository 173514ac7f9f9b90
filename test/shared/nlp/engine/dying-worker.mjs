// A session double on a thread: ids are given back as logits, id 66 ends the thread, and id 67 as memory that runs out does.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ call, kind, batch }) => {
  if (kind === 'run' && batch.ids.includes(66)) process.exit(3);
  if (kind === 'run' && batch.ids.includes(67)) {
    throw Object.assign(new Error('the heap is out of memory'), {
      code: 'ERR_WORKER_OUT_OF_MEMORY',
    });
  }
  const signature = { outputs: { logits: 1 } };
  const value =
    kind === 'load'
      ? signature
      : kind === 'run'
        ? { logits: { data: Float32Array.from(batch.ids), width: 1 } }
        : null;
  parentPort.postMessage({ call, ok: true, value });
});
