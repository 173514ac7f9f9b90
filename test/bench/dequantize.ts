import { elementTypes, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx-graph.ts';

/**
 * Undoes a static (QDQ) quantization: weights become 32-bit floats, and pairs that round activations
 * go. What is left is the graph of the floating-point export, with the rounded weights.
 */
export function dequantize(model: OnnxModel): OnnxModel {
  const weights = new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor]));
  const quantizers = new Map(
    model.graph.node
      .filter((node) => node.op_type === 'QuantizeLinear')
      .map((node) => [node.output[0] ?? '', node]),
  );
  const renamed = new Map<string, string>();
  const made: OnnxTensor[] = [];
  const gone = new Set<OnnxNode>(quantizers.values());
  for (const node of model.graph.node) {
    if (node.op_type !== 'DequantizeLinear') continue;
    const [input = '', scale = '', zero = ''] = node.input;
    const [output = ''] = node.output;
    const weight = weights.get(input);
    if (weight) {
      made.push(floatWeight(output, weight, weights.get(scale), weights.get(zero), axisOf(node)));
    } else {
      renamed.set(output, quantizers.get(input)?.input[0] ?? input);
    }
    gone.add(node);
  }
  const node = model.graph.node
    .filter((one) => !gone.has(one))
    .map((one) => ({ ...one, input: one.input.map((name) => renamed.get(name) ?? name) }));
  const used = new Set(node.flatMap((one) => one.input));
  const initializer = [...model.graph.initializer, ...made].filter(({ name }) => used.has(name));
  return { ...model, graph: { ...model.graph, node, initializer } };
}

function axisOf(node: OnnxNode): number {
  return node.attribute?.find(({ name }) => name === 'axis')?.i ?? 1;
}

function floatWeight(
  name: string,
  weight: OnnxTensor,
  scale: OnnxTensor | undefined,
  zero: OnnxTensor | undefined,
  axis: number,
): OnnxTensor {
  const values = numbers(weight);
  const scales = scale ? numbers(scale) : [1];
  const zeros = zero ? numbers(zero) : [0];
  const inner = weight.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channels = scales.length;
  const floats = Float32Array.from(values, (value, index) => {
    const channel = channels === 1 ? 0 : Math.floor(index / inner) % channels;
    return (value - (zeros[channel] ?? 0)) * (scales[channel] ?? 1);
  });
  const raw = new Uint8Array(floats.buffer);
  return { name, dims: weight.dims, data_type: elementTypes.float, raw_data: raw };
}

function numbers(tensor: OnnxTensor): ArrayLike<number> {
  const raw = Uint8Array.from(tensor.raw_data ?? []).buffer;
  switch (tensor.data_type) {
    case elementTypes.float:
      return raw.byteLength > 0 ? new Float32Array(raw) : (tensor.float_data ?? []);
    case elementTypes.int8:
      return raw.byteLength > 0 ? new Int8Array(raw) : (tensor.int32_data ?? []);
    case elementTypes.uint8:
      return raw.byteLength > 0 ? new Uint8Array(raw) : (tensor.int32_data ?? []);
    case elementTypes.int32:
      return raw.byteLength > 0 ? new Int32Array(raw) : (tensor.int32_data ?? []);
    default:
      throw new RangeError(`${tensor.name}: element type ${tensor.data_type} is not quantized`);
  }
}
