import { EngineError, messageOf } from '../../errors.ts';
import type { GraphFile } from '../model-folder.ts';
import type { BatchOutput, GraphSignature, PackedBatch } from '../onnx.ts';
import { PortLostError, type SessionPort } from './session-port.ts';

/** A worker that one piece of work has for itself, with the model it asked for. */
export interface Lease {
  /** Runs a batch; a worker that is gone is replaced and the model loaded first. */
  run(batch: PackedBatch): Promise<BatchOutput>;
  /** Has the next run use a new worker. */
  discard(): void;
}

/** A fixed number of ports that work off one queue. */
export interface SessionPool {
  readonly size: number;
  /** Loads a model on a port, the least loaded first, and tells what its graph looks like. */
  load(model: number, graphs: readonly GraphFile[]): Promise<GraphSignature>;
  /**
   * Does a piece of work as soon as a port is free, in the order of the calls.
   *
   * @param call whose work it is, for `cancel`
   * @throws {EngineError} where no port can be had that holds the model, or the pool is closed
   */
  use<T>(model: number, call: object, work: (lease: Lease) => Promise<T>): Promise<T>;
  /** Rejects all work of a call; what waits leaves the queue, what runs is not heard of again. */
  cancel(call: object, reason: unknown): void;
  /** Fails what waits, lets what runs end, and ends the ports. */
  close(): Promise<void>;
}

interface WorkItem {
  readonly model: number;
  readonly call: object | undefined;
  /** Settles the item's promise; never rejects itself. */
  perform(slot: Slot): Promise<void>;
  reject(reason: unknown): void;
}

interface Slot {
  port: SessionPort | undefined;
  readonly loaded: Set<number>;
  item: WorkItem | undefined;
}

/** Makes a pool. A port that is lost is replaced; a model is loaded on a further port only when work for it waits there. */
export function createSessionPool(deps: {
  readonly size: number;
  readonly openPort: () => SessionPort;
}): SessionPool {
  const graphsOf = new Map<number, readonly GraphFile[]>();
  let queue: WorkItem[] = [];
  let closed: EngineError | undefined;
  const open = (): SessionPort => {
    try {
      return deps.openPort();
    } catch (cause) {
      throw new PortLostError(`a worker cannot be started: ${messageOf(cause)}`, { cause });
    }
  };
  const slots: Slot[] = Array.from({ length: deps.size }, () => ({
    port: undefined,
    loaded: new Set(),
    item: undefined,
  }));
  // A thread takes a while to start, and models to be found: both at once. The others start when there is work for them, so that
  // the first answer does not wait for them too. One that does not start is tried again when needed.
  const [first] = slots;
  try {
    if (first) first.port = open();
  } catch {}

  const enqueue = <T>(
    model: number,
    call: object | undefined,
    work: (slot: Slot) => Promise<T>,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      if (closed) {
        reject(closed);
        return;
      }
      const perform = (slot: Slot) => work(slot).then(resolve, reject);
      queue.push({ model, call, perform, reject });
      pump();
    });

  const pump = (): void => {
    for (let next = queue[0]; next; next = queue[0]) {
      const { model } = next;
      const free = slots.filter((slot) => slot.item === undefined);
      const slot =
        free.find(({ loaded }) => loaded.has(model)) ??
        free.sort((a, b) => a.loaded.size - b.loaded.size)[0];
      if (slot === undefined) return;
      // Of what waits, a port prefers what it can run without loading another model first; but a model that no port has yet
      // waits for no work of others, which may never end.
      const index =
        slot.loaded.has(model) || next.call === undefined
          ? 0
          : Math.max(
              queue.findIndex((item) => item.call !== undefined && slot.loaded.has(item.model)),
              0,
            );
      const [item] = queue.splice(index, 1);
      if (item === undefined) return;
      slot.item = item;
      void item.perform(slot).then(() => {
        slot.item = undefined;
        pump();
      });
    }
  };

  const discard = (slot: Slot): void => {
    // A port that cannot even be closed is gone all the same.
    slot.port?.close().catch(() => undefined);
    slot.port = undefined;
    slot.loaded.clear();
  };
  const noteLoss = (slot: Slot, error: unknown): void => {
    if (error instanceof PortLostError) discard(slot);
  };

  /** Opens the slot's port where it has none, and loads a model on it; a port that is lost meanwhile is replaced once. */
  const load = async (slot: Slot, model: number): Promise<GraphSignature> => {
    for (let attempt = 1; ; attempt++) {
      try {
        if (closed) throw closed;
        slot.port ??= open();
        const signature = await slot.port.load(model, graphsOf.get(model) ?? []);
        slot.loaded.add(model);
        return signature;
      } catch (error) {
        noteLoss(slot, error);
        if (attempt === 1 && error instanceof PortLostError) continue;
        throw error;
      }
    }
  };

  const lease = (slot: Slot, model: number): Lease => ({
    async run(batch) {
      if (!slot.loaded.has(model)) {
        await load(slot, model).catch((cause: unknown) => {
          if (cause instanceof EngineError) throw cause;
          const why = `a model cannot be loaded on a worker: ${messageOf(cause)}`;
          throw new EngineError(why, { cause });
        });
      }
      try {
        if (slot.port === undefined) throw new PortLostError('the worker is gone');
        return await slot.port.run(model, batch);
      } catch (error) {
        noteLoss(slot, error);
        throw closed ?? error;
      }
    },
    discard: () => discard(slot),
  });

  return {
    size: deps.size,
    load(model, graphs) {
      graphsOf.set(model, graphs);
      return enqueue(model, undefined, (slot) => load(slot, model)).catch((cause: unknown) => {
        if (!(cause instanceof PortLostError)) throw cause;
        throw new EngineError(`no worker stays: ${messageOf(cause)}`, { cause });
      });
    },
    use: (model, call, work) => enqueue(model, call, (slot) => work(lease(slot, model))),
    cancel(call, reason) {
      const dropped = queue.filter((item) => item.call === call);
      queue = queue.filter((item) => item.call !== call);
      for (const item of dropped) item.reject(reason);
      for (const { item } of slots) if (item?.call === call) item.reject(reason);
    },
    async close() {
      closed ??= new EngineError('the engine was closed');
      for (const item of queue) item.reject(closed);
      queue = [];
      await Promise.all(slots.map((slot) => slot.port?.close()));
    },
  };
}
