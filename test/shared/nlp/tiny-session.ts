import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from '#shared/nlp/onnx.ts';
import type { ModelWindow, WindowOutput } from '#shared/nlp/types.ts';

const folder = new URL('../../../fixtures/tiny-model/', import.meta.url);

/** A JSON file of a tiny model. */
export function readTinyJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, folder), 'utf8'));
}

/** Opens the unquantized graph of a tiny model. */
export function openTinySession(name: string): Promise<InferenceSession> {
  return InferenceSession.create(readFileSync(new URL(`${name}/onnx/model.onnx`, folder)), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
}

/** Runs one window by itself. */
export async function runWindow(
  session: InferenceSession,
  { ids, typeIds }: ModelWindow,
): Promise<WindowOutput> {
  const outputs = await session.run({
    input_ids: row(ids),
    attention_mask: row(new Int32Array(ids.length).fill(1)),
    token_type_ids: row(typeIds),
  });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data, dims }]) => [
      name,
      { values: data as Float32Array, width: dims.at(-1) ?? 0 },
    ]),
  );
}

function row(values: Int32Array): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
}
