import { openSession } from '#shared/nlp/onnx.ts';
import { readOnnx } from './onnx-graph.ts';
import {
  openProduct,
  operationsOf,
  type Precision,
  type ProductShape,
  productsOf,
} from './products.ts';

const ROWS = 8;
const LENGTH = 32;
/** Products of one run: enough that what a run costs beside them is below a hundredth. */
const TIMES = 32;
const ROUNDS = 40;

/** Large products, whose rate is known to be near the processor's best. */
const largeShapes: readonly ProductShape[] = [
  { rows: 512, inputs: 1024, outputs: 1024 },
  { rows: 1024, inputs: 1024, outputs: 1024 },
  { rows: 1024, inputs: 768, outputs: 2048 },
];
const LARGE_TIMES = 4;

/** How near a model comes to its matrix products alone, on one thread. */
export interface GemmShare {
  /** Milliseconds that the model's products take at the machine's rate. */
  readonly gemm: number;
  /** Milliseconds of a run of the whole model. */
  readonly model: number;
  /** `gemm / model`. */
  readonly share: number;
  /** The machine's rate for the model's products: 10^9 operations a second. */
  readonly gopsPerSecond: number;
  /** The best rate among large products, for reference. */
  readonly largeGopsPerSecond: number;
}

/**
 * The share of the machine's GEMM rate that a model reaches on 8 x 32 tokens.
 *
 * The machine's rate is taken at its best: for each shape of the model's products with weights (read from the graph),
 * ONNX Runtime's own product of integers to integers (or of floats) on weights packed beforehand, 32 times within one
 * run, so that neither what a run costs nor memory taken anew counts; what the model adds to its products, scaling and
 * biases included, counts against it. Products and model run in turns on one thread, so that other work on the machine
 * slows both, and of each the fastest of 40 runs counts, which other work touched least.
 */
export async function measureGemm(
  folder: string,
  graphs: Record<Precision, string>,
): Promise<Record<Precision, GemmShare>> {
  return {
    int8: await measure(folder, 'int8', graphs.int8),
    fp32: await measure(folder, 'fp32', graphs.fp32),
  };
}

async function measure(folder: string, precision: Precision, graph: string): Promise<GemmShare> {
  const products = productsOf(await readOnnx(graph), ROWS * LENGTH);
  const own = new Map(products.map((shape) => [JSON.stringify(shape), shape]));
  const open = async (shape: ProductShape, times: number) => {
    const { run, release } = await openProduct(folder, precision, shape, times);
    return { shape, times, run, release, fastest: Number.POSITIVE_INFINITY };
  };
  const shapes = await Promise.all([...own.values()].map((shape) => open(shape, TIMES)));
  const large = await Promise.all(largeShapes.map((shape) => open(shape, LARGE_TIMES)));
  const model = { ...(await openModel(graph)), fastest: Number.POSITIVE_INFINITY };
  const contestants = [model, ...shapes, ...large];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of contestants) {
      const begin = performance.now();
      await one.run();
      one.fastest = Math.min(one.fastest, performance.now() - begin);
    }
  }
  await Promise.all(contestants.map((one) => one.release()));
  const alone = new Map(
    shapes.map(({ shape, times, fastest }) => [JSON.stringify(shape), fastest / times]),
  );
  const gemm = products.reduce((sum, shape) => sum + (alone.get(JSON.stringify(shape)) ?? 0), 0);
  const operations = products.reduce((sum, shape) => sum + operationsOf(shape), 0);
  return {
    gemm,
    model: model.fastest,
    share: gemm / model.fastest,
    gopsPerSecond: operations / gemm / 1e6,
    largeGopsPerSecond: Math.max(
      ...large.map(({ shape, times, fastest }) => (operationsOf(shape) * times) / fastest / 1e6),
    ),
  };
}

/** Loads a graph to run it on 8 x 32 tokens. */
export async function openModel(graph: string) {
  const session = await openSession(graph, { optimized: false });
  const tokens = ROWS * LENGTH;
  const batch = {
    rows: ROWS,
    length: LENGTH,
    ids: Int32Array.from({ length: tokens }, (_, index) => 1_000 + (index % 2_000)),
    typeIds: new Int32Array(tokens),
    lengths: new Int32Array(ROWS).fill(LENGTH),
    outputs: Object.keys(session.signature.outputs),
  };
  return { run: () => session.run(batch), release: () => session.release() };
}
