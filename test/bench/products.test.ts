import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { elementTypes } from './onnx-graph.ts';
import { openProduct, operationsOf, productsOf } from './products.ts';

it('finds the products with weights, once for each node', () => {
  const weight = (name: string, dims: number[]) => ({
    name,
    dims,
    data_type: elementTypes.int8,
    raw_data: new Uint8Array(),
  });
  const node = (type: string, input: string[], output = 'out') => ({
    op_type: type,
    input,
    output: [output],
  });
  const graph = {
    name: 'products',
    node: [
      node('MatMulIntegerToFloat', ['x', 'wide']),
      node('MatMul', ['y', 'wide']),
      node('MatMul', ['query', 'key']),
      node('Add', ['x', 'wide']),
      node('MatMulInteger', ['z', 'cubic']),
      { ...node('Gather', ['x', 'zero'], 'first'), attribute: [{ name: 'axis', i: 1 }] },
      node('Squeeze', ['first'], 'of text'),
      node('MatMulIntegerToFloat', ['of text', 'wide']),
    ],
    initializer: [weight('wide', [4, 12]), weight('cubic', [2, 4, 12])],
    input: [],
    output: [],
  };

  const products = productsOf({ ir_version: 8, opset_import: [], graph }, 256);

  expect(products).toEqual(Array(2).fill({ rows: 256, inputs: 4, outputs: 12 }));
  expect(products.map(operationsOf)).toEqual([24_576, 24_576]);
});

it.each(['int8', 'fp32'] as const)(
  'computes all %s products of a run, read or not',
  async (precision) => {
    const folder = await mkdtemp(join(tmpdir(), 'spanstream-products-'));
    const shape = { rows: 64, inputs: 384, outputs: 384 };
    const once = await openProduct(folder, precision, shape, 1);
    const often = await openProduct(folder, precision, shape, 64);
    try {
      const fastest = { once: Number.POSITIVE_INFINITY, often: Number.POSITIVE_INFINITY };
      for (let round = 0; round < 10; round += 1) {
        for (const [name, { run }] of [
          ['once', once],
          ['often', often],
        ] as const) {
          const begin = performance.now();
          await run();
          fastest[name] = Math.min(fastest[name], performance.now() - begin);
        }
      }

      expect(fastest.often).toBeGreaterThan(4 * fastest.once);
    } finally {
      await Promise.all([once.release(), often.release()]);
      await rm(folder, { recursive: true });
    }
  },
);
