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

/** Names and shapes of a graph, as far as the engine asks. */
export interface GraphSignature {
  readonly inputs: readonly string[];
  /** Width of the last dimension by output name; null where the graph leaves it open or has none. */
  readonly outputs: Readonly<Record<string, number | null>>;
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
}

/** By output name, `rows x length x width` values. */
export type BatchOutput = Readonly<Record<string, Float32Array>>;

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
      throw new ModelError(`${path}: the graph wants the input ${input.name}, which is not known`);
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
      inputs: session.inputNames,
      outputs: Object.fromEntries(session.outputMetadata.map((m) => [m.name, lastDimension(m)])),
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
      const outputs = await session.run(feeds);
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
    const why = /opset|ir_version|IR version/i.test(reason)
      ? 'the graph uses an opset or IR version that this ONNX Runtime does not know'
      : 'ONNX Runtime cannot load the graph';
    throw new ModelError(`${path}: ${why}: ${reason}`, { cause: error });
  }
}

function lastDimension(output: ort.InferenceSession.ValueMetadata): number | null {
  const last = output.isTensor && output.shape.length === 3 ? output.shape[2] : undefined;
  return typeof last === 'number' && last > 0 ? last : null;
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

function floats(path: string, name: string, value: ort.InferenceSession.OnnxValueMapType[string]) {
  if ('data' in value && value.data instanceof Float32Array) return value.data;
  throw new ModelError(`${path}: the output ${name} is not of 32-bit floats`);
}
