// A session double on a thread: ids are given back as logits, and id 66 ends the thread.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ call, kind, batch }) => {
  if (kind === 'run' && batch.ids.includes(66)) process.exit(3);
  const signature = { inputs: ['input_ids'], outputs: { logits: 1 } };
  const value =
    kind === 'load' ? signature : kind === 'run' ? { logits: Float32Array.from(batch.ids) } : null;
  parentPort.postMessage({ call, ok: true, value });
});
