import type { BatchOutput, PackedBatch } from '../onnx.ts';
import type { ModelWindow, WindowOutput } from '../types.ts';

/** Pads windows to the longest and lays them row by row into one array. */
export function packWindows(
  windows: readonly ModelWindow[],
  pad: number,
  outputs: readonly string[],
): PackedBatch {
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
  return { rows: windows.length, length, ids, typeIds, lengths, outputs };
}

/** Cuts a batch's outputs into its rows; views, not copies. */
export function unpackOutputs(output: BatchOutput, rows: number): WindowOutput[] {
  const tensors = Object.entries(output);
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(
      tensors.map(([name, { data, width }]) => {
        const size = data.length / rows;
        return [name, { values: data.subarray(row * size, (row + 1) * size), width }];
      }),
    ),
  );
}
