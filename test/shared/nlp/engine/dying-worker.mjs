// A session double on a thread: ids are given back as logits, id 66 ends the thread, and at id 67 its memory runs out.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** A thread with little memory fills it; its error is this thread's own. */
function runOutOfMemory() {
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 };
  new Worker(new URL(import.meta.url), { resourceLimits, workerData: 'fill' }).on(
    'error',
    (error) => {
      throw error;
    },
  );
}

if (workerData === 'fill') {
  const kept = [];
  for (;;) kept.push(new Array(10_000).fill({}));
} else if (!isMainThread) {
  parentPort.on('message', ({ call, kind, batch }) => {
    if (kind === 'run' && batch.ids.includes(66)) process.exit(3);
    if (kind === 'run' && batch.ids.includes(67)) return runOutOfMemory();
    const logits = { data: Float32Array.from(batch?.ids ?? []), width: 1 };
    const answers = { load: { outputs: { logits: 1 } }, run: { logits } };
    parentPort.postMessage({ call, ok: true, value: answers[kind] ?? null });
  });
}
