import {
  elementTypes,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  tensorNumbers,
} from './onnx-graph.ts';

/**
 * Undoes the rounding of an int8 graph as models/training writes one: products, weights and tables become 32-bit
 * floats, and what rounds activations goes. What is left computes what the model did before, with rounded weights.
 *
 * @throws {RangeError} where a quantized operator is none of those, or its weights are not in the graph
 */
export function dequantize(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const makers = new Map(graph.node.flatMap((one) => one.output.map((name) => [name, one])));
  const weight = (name: string | undefined): OnnxTensor => {
    const found = weights.get(name ?? '');
    if (found) return found;
    throw new RangeError(`${name || 'a weight'} is not among the graph's weights`);
  };
  const floats = new Map<string, OnnxTensor>();
  const renamed = new Map<string, string>();
  const node = graph.node.flatMap((one): OnnxNode[] => {
    const [input = '', , , weightScale, , weightZero] = one.input;
    const [output = ''] = one.output;
    switch (one.op_type) {
      case 'QuantizeLinear':
        renamed.set(output, input);
        return [];
      case 'MatMulIntegerToFloat': {
        const product = weight(one.input[1]);
        floats.set(
          product.name,
          toFloat(product, weight(weightScale), weights.get(weightZero ?? '')),
        );
        return plainProduct(one);
      }
      case 'DequantizeLinear': {
        // The rows of a table that were looked up: its first input, whatever looks up.
        const table = weight(makers.get(input)?.input[0]);
        floats.set(
          table.name,
          toFloat(table, weight(one.input[1]), weights.get(one.input[2] ?? '')),
        );
        renamed.set(output, input);
        return [];
      }
      default:
        return [one];
    }
  });
  const original = (name: string): string => {
    const earlier = renamed.get(name);
    return earlier === undefined ? name : original(earlier);
  };
  const plain = node.map((one) => ({ ...one, input: one.input.map(original) }));
  const left = plain.find(({ op_type: type }) => /Quantize|Integer|QLinear/.test(type));
  if (left) throw new RangeError(`${left.op_type} is not known: its rounding cannot be undone`);
  const used = new Set(plain.flatMap((one) => one.input));
  const initializer = graph.initializer
    .filter(({ name }) => used.has(name))
    .map((tensor) => floats.get(tensor.name) ?? tensor);
  return { ...model, graph: { ...graph, node: plain, initializer } };
}

function plainProduct({ input, output: [output = ''] }: OnnxNode): OnnxNode[] {
  const [a = '', b = '', , , , , bias = ''] = input;
  const product = (to: string): OnnxNode => ({
    op_type: 'MatMul',
    input: [a, b],
    output: [to],
    name: to,
  });
  if (bias === '') return [product(output)];
  const bare = `${output} without bias`;
  return [product(bare), { op_type: 'Add', input: [bare, bias], output: [output], name: output }];
}

/** Weights with one scale, or one for each column (the last dimension). */
function toFloat(weight: OnnxTensor, scale: OnnxTensor, zero: OnnxTensor | undefined): OnnxTensor {
  const scales = tensorNumbers(scale);
  const zeros = zero ? tensorNumbers(zero) : [0];
  const columns = weight.dims.at(-1) ?? 1;
  if (scales.length !== 1 && scales.length !== columns) {
    throw new RangeError(`${weight.name}: ${scales.length} scales for ${columns} columns`);
  }
  const of = (values: ArrayLike<number>, index: number): number =>
    values[values.length === 1 ? 0 : index % columns] ?? 0;
  const floats = Float32Array.from(
    tensorNumbers(weight),
    (value, index) => (value - of(zeros, index)) * of(scales, index),
  );
  const raw = new Uint8Array(floats.buffer);
  return { name: weight.name, dims: weight.dims, data_type: elementTypes.float, raw_data: raw };
}
