import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#shared/nlp/onnx.ts';
import { dequantize } from './dequantize.ts';
import {
  EXTERNAL,
  elementTypes,
  type OnnxModel,
  type OnnxTensor,
  readOnnx,
  writeOnnx,
} from './onnx-graph.ts';

const WORDS = 7;
const WIDTH = 8;
const INNER = 6;
const OUTPUTS = 3;
const STEP = 1 / 32;
const OFFSET = 4096;
const ids = [3, 0, 6, 1, 5];

const runtime = 'com.microsoft';
const int8Values = (count: number, factor: number): Int8Array =>
  Int8Array.from({ length: count }, (_, index) => ((index * factor) % 127) - 63);
const table = int8Values(WORDS * WIDTH, 37);
const inner = int8Values(WIDTH * INNER, 29);
const outer = int8Values(INNER * OUTPUTS, 53);

const tensor = (
  name: string,
  dims: number[],
  type: keyof typeof elementTypes,
  values: Float32Array | Int8Array | Uint8Array,
): OnnxTensor => ({
  name,
  dims,
  data_type: elementTypes[type],
  raw_data: new Uint8Array(values.buffer),
});
const scales = (count: number, size: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => size * (1 + index / count));
const value = (name: string, type: number, width: number[]) => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      shape: { dim: [ids.length, ...width].map((size) => ({ dim_value: size })) },
    },
  },
});
const rounding = (input: string) => ({
  op_type: 'QuantizeLinear',
  input: [input, 'step', 'zero'],
  output: [`${input}.rounded`],
});
const product = (input: string, weight: string, bias: string[], output: string) => ({
  op_type: 'MatMulIntegerToFloat',
  domain: runtime,
  input: [`${input}.rounded`, weight, 'step', `${weight}.scale`, 'zero', ...bias],
  output: [output],
});

/** Look up, product with a bias, Gelu, product without one; the first weight lies in another file. */
const quantized: OnnxModel = {
  ir_version: 8,
  opset_import: [{ version: 17 }, { domain: runtime, version: 1 }],
  graph: {
    name: 'small',
    node: [
      { op_type: 'Gather', input: ['table', 'ids'], output: ['rows'] },
      {
        op_type: 'DequantizeLinear',
        input: ['rows', 'table.scale'],
        output: ['words'],
        attribute: [{ name: 'axis', i: -1, type: 2 }],
      },
      rounding('words'),
      product('words', 'inner', ['', 'bias'], 'middle'),
      { op_type: 'Gelu', domain: runtime, input: ['middle'], output: ['bent'] },
      rounding('bent'),
      product('bent', 'outer', [], 'logits'),
    ],
    initializer: [
      tensor('table', [WORDS, WIDTH], 'int8', table),
      tensor('table.scale', [WIDTH], 'float', scales(WIDTH, 0.02)),
      {
        ...tensor('inner', [WIDTH, INNER], 'int8', new Int8Array()),
        data_location: EXTERNAL,
        external_data: [
          { key: 'location', value: 'small.onnx_data' },
          { key: 'offset', value: String(OFFSET) },
          { key: 'length', value: String(inner.byteLength) },
        ],
      },
      tensor('inner.scale', [INNER], 'float', scales(INNER, 0.004)),
      tensor('bias', [INNER], 'float', scales(INNER, 0.3)),
      tensor('outer', [INNER, OUTPUTS], 'int8', outer),
      tensor('outer.scale', [OUTPUTS], 'float', scales(OUTPUTS, 0.01)),
      tensor('step', [], 'float', Float32Array.of(STEP)),
      tensor('zero', [], 'uint8', Uint8Array.of(128)),
    ],
    input: [value('ids', elementTypes.int64, [])],
    output: [value('logits', elementTypes.float, [OUTPUTS])],
  },
};

async function logits(path: string): Promise<number[]> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  const feed = new Tensor('int64', BigInt64Array.from(ids, BigInt), [ids.length]);
  const { logits: output } = await session.run({ ids: feed });
  await session.release();
  return Array.from(output?.data as Float32Array);
}

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-dequantize-'));
  path = join(folder, 'small.onnx');
  const pages = new Uint8Array(OFFSET + inner.byteLength);
  pages.set(new Uint8Array(inner.buffer), OFFSET);
  await writeFile(join(folder, 'small.onnx_data'), pages);
  await writeOnnx(path, quantized);
});
afterAll(() => rm(folder, { recursive: true }));

describe('dequantize', () => {
  it('makes an fp32 graph that gives what the int8 graph gives, but for the rounding', async () => {
    const made = join(folder, 'made.onnx');

    await writeOnnx(made, dequantize(await readOnnx(path)));

    const [rounded, exact] = [await logits(path), await logits(made)];
    const largest = Math.max(...exact.map(Math.abs));
    const differences = exact.map((one, index) => Math.abs(one - (rounded[index] ?? Number.NaN)));
    expect(Math.max(...differences)).toBeLessThan(largest / 50);
    expect(Math.max(...differences)).toBeGreaterThan(0);
  });

  it('leaves neither quantized operators nor int8 weights, nor weights outside the file', async () => {
    const { graph } = dequantize(await readOnnx(path));

    expect(graph.node.map((node) => node.op_type)).toEqual([
      'Gather',
      'MatMul',
      'Add',
      'Gelu',
      'MatMul',
    ]);
    expect(graph.initializer.map(({ name, data_type: type }) => [name, type])).toEqual(
      ['table', 'inner', 'bias', 'outer'].map((name) => [name, elementTypes.float]),
    );
    expect(graph.initializer.every((one) => one.data_location !== EXTERNAL)).toBe(true);
  });

  it('refuses an operator whose rounding it cannot undo', () => {
    const { graph } = quantized;
    const other = { op_type: 'QLinearMatMul', input: ['words'], output: ['logits'] };

    expect(() => dequantize({ ...quantized, graph: { ...graph, node: [other] } })).toThrow(
      'QLinearMatMul is not known',
    );
  });
});
