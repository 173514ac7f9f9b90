import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { median } from './children.ts';
import { elementTypes, type OnnxModel, type OnnxValue, writeOnnx } from './onnx-graph.ts';

/** Matrix products of one layer of the bundled models: [inputs, outputs, how many]. */
const layerShapes = [
  [384, 384, 4],
  [384, 1536, 1],
  [1536, 384, 1],
] as const;
const LAYERS = 6;
const ROWS = 8;
const LENGTH = 32;
const TOKENS = ROWS * LENGTH;
const REPEATS = 15;

const threads = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
} as const;

/** Milliseconds of one thread, for a batch of 8 x 32 tokens: the model's matrix products alone, and the whole model. */
export async function measureGemm(
  folder: string,
  graphs: { int8: string; fp32: string },
): Promise<Record<'int8' | 'fp32', { gemm: number; model: number; share: number }>> {
  const measure = async (precision: 'int8' | 'fp32') => {
    const runs = await Promise.all(
      layerShapes.map(async ([inputs, outputs, count]) => ({
        count,
        run: await productRun(folder, precision, inputs, outputs),
      })),
    );
    const model = await modelRun(graphs[precision]);
    let gemm = 0;
    for (const { run, count } of runs) gemm += (await timeOf(run)) * count * LAYERS;
    const whole = await timeOf(model);
    return { gemm, model: whole, share: gemm / whole };
  };
  return { int8: await measure('int8'), fp32: await measure('fp32') };
}

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i += 1) {
    const begin = performance.now();
    await run();
    times.push(performance.now() - begin);
  }
  return median(times);
}

async function productRun(
  folder: string,
  precision: 'int8' | 'fp32',
  inputs: number,
  outputs: number,
): Promise<() => Promise<unknown>> {
  const path = join(folder, `gemm-${precision}-${inputs}-${outputs}.onnx`);
  await writeOnnx(path, productModel(precision, inputs, outputs));
  const session = await InferenceSession.create(path, threads);
  const size = TOKENS * inputs;
  const feed =
    precision === 'int8'
      ? new Tensor(
          'uint8',
          Uint8Array.from({ length: size }, (_, i) => i % 251),
          [TOKENS, inputs],
        )
      : new Tensor(
          'float32',
          Float32Array.from({ length: size }, (_, i) => (i % 251) / 251),
          [TOKENS, inputs],
        );
  return () => session.run({ a: feed });
}

function productModel(precision: 'int8' | 'fp32', inputs: number, outputs: number): OnnxModel {
  const int8 = precision === 'int8';
  const values = Array.from({ length: inputs * outputs }, (_, i) => (i % 101) - 50);
  const raw = int8 ? Int8Array.from(values) : Float32Array.from(values);
  const value = (name: string, elementType: number, width: number): OnnxValue => ({
    name,
    type: {
      tensor_type: {
        elem_type: elementType,
        shape: { dim: [{ dim_value: TOKENS }, { dim_value: width }] },
      },
    },
  });
  return {
    ir_version: 8,
    opset_import: [{ version: 17 }],
    graph: {
      name: 'product',
      node: [
        { op_type: int8 ? 'MatMulInteger' : 'MatMul', input: ['a', 'b'], output: ['c'], name: 'p' },
      ],
      initializer: [
        {
          name: 'b',
          dims: [inputs, outputs],
          data_type: int8 ? elementTypes.int8 : elementTypes.float,
          raw_data: new Uint8Array(raw.buffer),
        },
      ],
      input: [value('a', int8 ? elementTypes.uint8 : elementTypes.float, inputs)],
      output: [value('c', int8 ? elementTypes.int32 : elementTypes.float, outputs)],
    },
  };
}

async function modelRun(graph: string): Promise<() => Promise<unknown>> {
  const session = await InferenceSession.create(graph, threads);
  const shape = [ROWS, LENGTH];
  const fill = (value: (index: number) => bigint) =>
    new Tensor(
      'int64',
      BigInt64Array.from({ length: TOKENS }, (_, i) => value(i)),
      shape,
    );
  const inputs: Record<string, Tensor> = {
    input_ids: fill((index) => BigInt(1_000 + (index % 2_000))),
    attention_mask: fill(() => 1n),
    token_type_ids: fill(() => 0n),
  };
  const feeds = Object.fromEntries(
    session.inputNames.flatMap((name) => (inputs[name] ? [[name, inputs[name]]] : [])),
  );
  return () => session.run(feeds);
}
