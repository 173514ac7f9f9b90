import type { GraphFile } from '../model-folder.ts';
import type { BatchOutput, GraphSignature, PackedBatch } from '../onnx.ts';

/** Somewhere that holds sessions and runs batches on them: a worker thread, or a test's double. */
export interface SessionPort {
  /** Opens the first of a model's graphs that loads. */
  load(model: number, graphs: readonly GraphFile[]): Promise<GraphSignature>;
  /** Runs a batch on a loaded model; takes the batch's arrays over. */
  run(model: number, batch: PackedBatch): Promise<BatchOutput>;
  /** Ends it; what it still runs is awaited first. */
  close(): Promise<void>;
}

/** The port itself is gone, whatever it was doing; a new one may do it. */
export class PortLostError extends Error {}

/** From the engine to a worker thread. */
export type WorkerRequest =
  | {
      readonly call: number;
      readonly kind: 'load';
      readonly model: number;
      readonly graphs: readonly GraphFile[];
    }
  | {
      readonly call: number;
      readonly kind: 'run';
      readonly model: number;
      readonly batch: PackedBatch;
    }
  | { readonly call: number; readonly kind: 'close' };

/** From a worker thread to the engine. */
export type WorkerReply =
  | { readonly call: number; readonly ok: true; readonly value: unknown }
  | {
      readonly call: number;
      readonly ok: false;
      readonly invalidModel: boolean;
      readonly message: string;
    };
