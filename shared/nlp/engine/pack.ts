import type { BatchOutput, GraphSignature, PackedBatch } from '../onnx.ts';
import type { ModelWindow, WindowOutput } from '../types.ts';

/** Pads windows to the longest and lays them row by row into one array. */
export function packWindows(windows: readonly ModelWindow[], pad: number): PackedBatch {
  // Not spread into Math.max: a large budget holds more windows than a call takes arguments.
  const length = windows.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
  const ids = new Int32Array(windows.length * length);
  const typeIds = new Int32Array(windows.length * length);
  if (pad !== 0) ids.fill(pad);
  windows.forEach((window, row) => {
    ids.set(window.ids, row * length);
    typeIds.set(window.typeIds, row * length);
  });
  const lengths = Int32Array.from(windows, (window) => window.ids.length);
  return { rows: windows.length, length, ids, typeIds, lengths };
}

/** Cuts a batch's outputs into its rows, without their padding; views, not copies. */
export function unpackOutputs(output: BatchOutput, lengths: readonly number[]): WindowOutput[] {
  const padded = lengths.reduce((longest, length) => Math.max(longest, length), 0);
  return lengths.map((length, row) =>
    Object.fromEntries(
      Object.entries(output).map(([name, values]) => {
        const width = values.length / (lengths.length * padded);
        const start = row * padded * width;
        return [name, values.subarray(start, start + length * width)];
      }),
    ),
  );
}

/** Outputs that a task's decoding reads. */
export function missingOutput(
  signature: GraphSignature,
  needed: readonly string[],
): string | undefined {
  return needed.find((name) => !(name in signature.outputs));
}
