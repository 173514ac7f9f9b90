import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSession } from '#shared/nlp/onnx.ts';
import { type OnnxModel, writeOnnx } from '#test/bench/onnx-graph.ts';
import { lookUpModel } from './tiny-model.ts';

let path: string;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-onnx-'));
  path = join(folder, 'model.onnx');
});
afterEach(() => rm(folder, { recursive: true }));

async function open(graph: OnnxModel) {
  await writeOnnx(path, graph);
  return openSession(path, { optimized: false });
}

const batch = {
  rows: 1,
  length: 2,
  ids: Int32Array.of(4, 9),
  typeIds: new Int32Array(2),
  lengths: Int32Array.of(2),
  outputs: ['logits'],
};

it.each([{}, { input: 'int32' }, { half: true }] as const)(
  'runs a graph whose inputs and outputs are of other types: %j',
  async (types) => {
    const session = await open(lookUpModel(undefined, types));

    const { logits } = await session.run(batch);
    await session.release();

    expect(session.signature).toEqual({ outputs: { logits: [null, null, 4] } });
    expect(logits).toEqual({ data: Float32Array.of(0, 4, 0, 0, 4, 0, 0, 0), width: 4 });
  },
);

it.each([
  [
    'an input that is not known',
    (graph: OnnxModel) => {
      const [input] = graph.graph.input;
      if (input) graph.graph.input.push({ ...input, name: 'bbox' });
    },
    /the graph's input bbox is not supported/,
  ],
  [
    'an operator that is not known',
    (graph: OnnxModel) => {
      for (const node of graph.graph.node) node.op_type = 'Gathre';
    },
    /ONNX Runtime cannot load the graph/,
  ],
  [
    'an opset that is not known',
    (graph: OnnxModel) => {
      graph.opset_import = [{ version: 900 }];
    },
    /opset or IR version/,
  ],
])('says what of a graph is not supported: %s', async (_, spoil, message) => {
  const graph = lookUpModel();
  spoil(graph);

  await expect(open(graph)).rejects.toThrow(message);
});
