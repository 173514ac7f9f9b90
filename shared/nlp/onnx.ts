import type * as ort from 'onnxruntime-node';
import { ModelError, messageOf } from '../errors.ts';

// The runtime sends usage data to its makers unless this is set before it is loaded. Hence no static import, which would be
// evaluated first.
process.env.ORT_DISABLE_TELEMETRY = '1';

/** ONNX Runtime, for whoever needs more of it than `openSession` gives. */
export const { InferenceSession, Tensor } = await import('onnxruntime-node');
/** A session of the runtime itself. */
export type InferenceSession = ort.InferenceSession;
/** A tensor of the runtime itself. */
export type Tensor = ort.Tensor;

/** What a graph gives, as far as the engine asks. */
export interface GraphSignature {
  /** Dimensions by output name, null where the graph leaves one open; none where it does not say. */
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
}

/** Rows of equal length, padded at the end. */
export interface PackedBatch {
  readonly rows: number;
  /** Padded tokens of a row. */
  readonly length: number;
  /** `rows x length`, row by row. */
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  /** Tokens of each row that are no padding. */
  readonly lengths: Int32Array;
  /** Outputs that are wanted. */
  readonly outputs: readonly string[];
}

/** One output of a batch, row by row. */
export interface BatchTensor {
  readonly data: Float32Array;
  /** Last dimension. */
  readonly width: number;
}

/** What a batch gave, by output name. */
export type BatchOutput = Readonly<Record<string, BatchTensor>>;

/** A loaded graph. */
export interface Session {
  readonly signature: GraphSignature;
  run(batch: PackedBatch): Promise<BatchOutput>;
  release(): Promise<void>;
}

const knownInputs = new Set(['input_ids', 'attention_mask', 'token_type_ids']);

/**
 * Loads a graph into a session of one thread, which never spins while idle.
 *
 * @param options.optimized the graph was optimized before, so that doing so again only costs time
 * @throws {ModelError} when the file is no graph that this runtime can run on tokens
 */
export async function openSession(path: string, options: { optimized: boolean }): Promise<Session> {
  const session = await create(path, options.optimized);
  for (const input of session.inputMetadata) {
    if (!knownInputs.has(input.name)) {
      throw new ModelError(`${path}: the graph's input ${input.name} is not supported`);
    }
    if (input.isTensor && input.type !== 'int64' && input.type !== 'int32') {
      throw new ModelError(`${path}: the input ${input.name} is of ${input.type}, not of integers`);
    }
  }
  const types = new Map(
    session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : 'int64']),
  );
  if (!types.has('input_ids')) throw new ModelError(`${path}: the graph has no input input_ids`);
  return {
    signature: {
      outputs: Object.fromEntries(session.outputMetadata.map((m) => [m.name, dimensionsOf(m)])),
    },
    async run(batch) {
      const dimensions = [batch.rows, batch.length];
      const values: Record<string, ArrayLike<number>> = {
        input_ids: batch.ids,
        attention_mask: attentionMask(batch),
        token_type_ids: batch.typeIds,
      };
      const feeds: Record<string, ort.Tensor> = {};
      for (const [name, type] of types) {
        feeds[name] = integers(type, values[name] ?? [], dimensions);
      }
      const outputs = await session.run(feeds, batch.outputs);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, value]) => [name, floats(path, name, value)]),
      );
    },
    release: () => session.release(),
  };
}

/** What a session is created with. */
export function sessionOptions(optimized: boolean): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: optimized ? 'disabled' : 'all',
    // Batches differ in shape, so that a remembered plan of memory seldom fits the next one.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' }, set_denormal_as_zero: '1' } },
  };
}

async function create(path: string, optimized: boolean): Promise<ort.InferenceSession> {
  try {
    return await InferenceSession.create(path, sessionOptions(optimized));
  } catch (error) {
    const reason = messageOf(error);
    const [, why] = REASONS.find(([pattern]) => pattern.test(reason)) ?? [];
    const what = why ?? 'ONNX Runtime cannot load the graph';
    throw new ModelError(`${path}: ${what}: ${reason}`, { cause: error });
  }
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /opset|ir_version|IR version/i,
    'the graph uses an opset or IR version that this ONNX Runtime does not know',
  ],
  [
    /NOT_IMPLEMENTED|Could not find an implementation/i,
    'the graph uses an operation, or a type of numbers, that ONNX Runtime cannot run on a CPU',
  ],
  [/external data/i, 'the external data of the graph cannot be read'],
];

function dimensionsOf(output: ort.InferenceSession.ValueMetadata): (number | null)[] {
  const shape = output.isTensor ? output.shape : [];
  return shape.map((size) => (typeof size === 'number' && size > 0 ? size : null));
}

function attentionMask({ rows, length, lengths }: PackedBatch): Int32Array {
  const mask = new Int32Array(rows * length);
  for (let row = 0; row < rows; row += 1) {
    mask.fill(1, row * length, row * length + (lengths[row] ?? 0));
  }
  return mask;
}

function integers(type: string, values: ArrayLike<number>, dimensions: number[]): ort.Tensor {
  if (type === 'int32') return new Tensor('int32', Int32Array.from(values), dimensions);
  // A little-endian pair of 32-bit halves; ids are never negative, so that the upper one is 0.
  const halves = new Int32Array(values.length * 2);
  for (let i = 0; i < values.length; i += 1) halves[2 * i] = values[i] ?? 0;
  return new Tensor('int64', new BigInt64Array(halves.buffer), dimensions);
}

function floats(
  path: string,
  name: string,
  value: ort.InferenceSession.OnnxValueMapType[string],
): BatchTensor {
  const width = 'dims' in value ? value.dims.at(-1) : undefined;
  if (width !== undefined && 'data' in value) {
    if (value.data instanceof Float32Array) return { data: value.data, width };
    if (value.type === 'float16') return { data: fromHalves(value.data), width };
  }
  throw new ModelError(`${path}: the output ${name} is not of floats of 32 or 16 bits`);
}

/** Half precision to single; the runtime hands halves over as they are, or as numbers where Node has an array of them. */
function fromHalves(data: ort.Tensor['data']): Float32Array {
  return data instanceof Uint16Array
    ? Float32Array.from(data, fromHalf)
    : Float32Array.from(data as ArrayLike<number>);
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
