import { PortLostError, type SessionPort } from '#shared/nlp/engine/session-port.ts';
import type { BatchOutput, PackedBatch } from '#shared/nlp/onnx.ts';

/** A port without a model: its output repeats the ids; ids that are named make it fail or be lost. */
export function createFakePort(
  options: {
    readonly failOn?: number;
    readonly loseOn?: number;
    readonly load?: (model: number) => void;
    readonly ran?: (model: number, batch: PackedBatch) => void | Promise<void>;
  } = {},
): SessionPort & { readonly loaded: number[] } {
  const loaded: number[] = [];
  let lost = false;
  const alive = (): void => {
    if (lost) throw new PortLostError('gone');
  };
  return {
    loaded,
    async load(model) {
      alive();
      options.load?.(model);
      loaded.push(model);
      return { outputs: { logits: [null, null, 1] } };
    },
    async run(model, batch): Promise<BatchOutput> {
      alive();
      await options.ran?.(model, batch);
      if (options.loseOn !== undefined && batch.ids.includes(options.loseOn)) {
        lost = true;
        alive();
      }
      if (options.failOn !== undefined && batch.ids.includes(options.failOn)) {
        throw new Error('cannot run this');
      }
      return { logits: { data: Float32Array.from(batch.ids), width: 1 } };
    },
    async close() {},
  };
}
