import { InferenceError } from '../../errors.ts';
import type { GraphFile } from '../model-folder.ts';
import type { BatchOutput, GraphSignature, PackedBatch } from '../onnx.ts';
import { PortLostError, type SessionPort } from './session-port.ts';

/** A fixed number of ports that work off one queue. */
export interface SessionPool {
  readonly size: number;
  /** Loads a model on a port, the least loaded first, and tells what its graph looks like. */
  load(model: number): Promise<GraphSignature>;
  /**
   * Runs a batch as soon as a port is free, in the order of the calls.
   *
   * @param pack makes the batch anew for each attempt, since a port takes its arrays over
   */
  run(model: number, pack: () => PackedBatch): Promise<BatchOutput>;
  /** Fails what waits, lets what runs end, and ends the ports. */
  close(): Promise<void>;
}

interface Task {
  readonly model: number;
  readonly pack: (() => PackedBatch) | null;
  attempts: number;
  resolve(value: { signature?: GraphSignature; output?: BatchOutput }): void;
  reject(error: unknown): void;
}

interface Slot {
  port: SessionPort | undefined;
  readonly loaded: Set<number>;
  busy: boolean;
}

/**
 * Makes a pool. A port that is lost is replaced, and what it was doing is done once more; a model is
 * loaded on a further port only when work for it waits there.
 */
export function createSessionPool(deps: {
  readonly size: number;
  readonly graphs: readonly (readonly GraphFile[])[];
  readonly openPort: () => SessionPort;
}): SessionPool {
  const slots: Slot[] = Array.from({ length: deps.size }, () => ({
    port: deps.openPort(),
    loaded: new Set(),
    busy: false,
  }));
  let queue: Task[] = [];
  let closed: InferenceError | undefined;

  const enqueue = (model: number, pack: Task['pack']) =>
    new Promise<{ signature?: GraphSignature; output?: BatchOutput }>((resolve, reject) => {
      if (closed) {
        reject(closed);
        return;
      }
      queue.push({ model, pack, attempts: 0, resolve, reject });
      pump();
    });

  const freeSlot = (model: number): Slot | undefined => {
    const free = slots.filter((slot) => !slot.busy);
    const ready = free.find((slot) => slot.loaded.has(model));
    return ready ?? free.sort((a, b) => a.loaded.size - b.loaded.size)[0];
  };

  const pump = (): void => {
    for (let next = queue[0]; next; next = queue[0]) {
      const slot = freeSlot(next.model);
      if (slot === undefined) return;
      // Of what waits, a port prefers what it can run without loading another model first.
      const index = slot.loaded.has(next.model)
        ? 0
        : Math.max(
            queue.findIndex((task) => task.pack !== null && slot.loaded.has(task.model)),
            0,
          );
      const [task] = queue.splice(index, 1);
      if (task) void work(slot, task);
    }
  };

  const work = async (slot: Slot, task: Task): Promise<void> => {
    slot.busy = true;
    task.attempts += 1;
    try {
      slot.port ??= deps.openPort();
      let signature: GraphSignature | undefined;
      if (!slot.loaded.has(task.model)) {
        signature = await slot.port.load(task.model, deps.graphs[task.model] ?? []);
        slot.loaded.add(task.model);
      }
      const output = task.pack ? await slot.port.run(task.model, task.pack()) : undefined;
      task.resolve({ ...(signature && { signature }), ...(output && { output }) });
    } catch (error) {
      const lost = error instanceof PortLostError;
      if (lost) {
        slot.port = undefined;
        slot.loaded.clear();
      }
      if (lost && task.attempts < 2 && !closed) queue.unshift(task);
      else task.reject(closed && lost ? closed : error);
    } finally {
      slot.busy = false;
    }
    pump();
  };

  return {
    size: deps.size,
    async load(model) {
      const { signature } = await enqueue(model, null);
      if (signature === undefined) throw new RangeError(`model ${model} was loaded before`);
      return signature;
    },
    async run(model, pack) {
      const { output } = await enqueue(model, pack);
      if (output === undefined) throw new RangeError('a run without an output');
      return output;
    },
    async close() {
      closed ??= new InferenceError('the engine was closed');
      for (const task of queue) task.reject(closed);
      queue = [];
      await Promise.all(slots.map((slot) => slot.port?.close()));
    },
  };
}
