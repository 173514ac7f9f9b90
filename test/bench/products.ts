import { join } from 'node:path';
import { InferenceSession, Tensor } from '#shared/nlp/onnx.ts';
import { elementTypes, type OnnxModel, type OnnxValue, writeOnnx } from './onnx-graph.ts';

/** What the products are of. */
export type Precision = 'int8' | 'fp32';

/** A matrix product of `rows` rows with a weight of `inputs` x `outputs`. */
export interface ProductShape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Multiplications and additions of one product. */
export const operationsOf = ({ rows, inputs, outputs }: ProductShape): number =>
  2 * rows * inputs * outputs;

const weighted = new Set(['MatMul', 'MatMulInteger', 'MatMulIntegerToFloat']);

/**
 * The products with weights in a graph, for so many rows. Those of activations among each other are not counted, nor those of
 * a text's first token alone.
 */
export function productsOf({ graph }: OnnxModel, rows: number): ProductShape[] {
  const weights = new Map(graph.initializer.map(({ name, dims }) => [name, dims]));
  const ofTexts = new Set<string>();
  return graph.node.flatMap((node) => {
    const takesFirst =
      node.op_type === 'Gather' &&
      node.attribute?.some(({ name, i }) => name === 'axis' && i === 1);
    if (takesFirst || node.input.some((name) => ofTexts.has(name))) {
      for (const name of node.output) ofTexts.add(name);
      return [];
    }
    const [inputs, outputs, more] = weights.get(node.input[1] ?? '') ?? [];
    const plain = inputs !== undefined && outputs !== undefined && more === undefined;
    return plain && weighted.has(node.op_type) ? [{ rows, inputs, outputs }] : [];
  });
}

/** Opens a session of one thread whose run does one product `times` times over, and nothing else. */
export async function openProduct(
  folder: string,
  precision: Precision,
  shape: ProductShape,
  times: number,
): Promise<{ run(): Promise<unknown>; release(): Promise<void> }> {
  const { rows, inputs, outputs } = shape;
  const path = join(folder, `product-${precision}-${rows}-${inputs}-${outputs}.onnx`);
  await writeOnnx(path, productModel(precision, shape, times));
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Equal nodes would be merged into one.
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const size = rows * inputs;
  const a =
    precision === 'int8'
      ? new Tensor(
          'uint8',
          Uint8Array.from({ length: size }, (_, i) => i % 251),
          [rows, inputs],
        )
      : new Tensor(
          'float32',
          Float32Array.from({ length: size }, (_, i) => (i % 251) / 251),
          [rows, inputs],
        );
  return { run: () => session.run({ a }), release: () => session.release() };
}

function productModel(
  precision: Precision,
  { rows, inputs, outputs }: ProductShape,
  times: number,
): OnnxModel {
  const int8 = precision === 'int8';
  const values = Array.from({ length: inputs * outputs }, (_, i) => (i % 101) - 50);
  const raw = int8 ? Int8Array.from(values) : Float32Array.from(values);
  const value = (name: string, elementType: number, width: number): OnnxValue => ({
    name,
    type: {
      tensor_type: {
        elem_type: elementType,
        shape: { dim: [{ dim_value: rows }, { dim_value: width }] },
      },
    },
  });
  return {
    ir_version: 8,
    opset_import: [{ version: 17 }],
    graph: {
      name: 'product',
      // What nothing reads is computed all the same, into memory that the next one takes over.
      node: Array.from({ length: times }, (_, index) => ({
        op_type: int8 ? 'MatMulInteger' : 'MatMul',
        input: ['a', 'b'],
        output: [`c${index}`],
        name: `product ${index}`,
      })),
      initializer: [
        {
          name: 'b',
          dims: [inputs, outputs],
          data_type: int8 ? elementTypes.int8 : elementTypes.float,
          raw_data: new Uint8Array(raw.buffer),
        },
      ],
      input: [value('a', int8 ? elementTypes.uint8 : elementTypes.float, inputs)],
      output: [value(`c${times - 1}`, int8 ? elementTypes.int32 : elementTypes.float, outputs)],
    },
  };
}
