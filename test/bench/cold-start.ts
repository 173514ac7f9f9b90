import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFunction } from '#local/lambda/bundle.ts';
import { median, runFresh } from './children.ts';
import type { BenchModels } from './model-folders.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Milliseconds from a process's start to its first answer, with both models loaded and checked, beside those from a
 * process's start to a bare session of the entity model's graph: the runtime imported, and one session created with the
 * options that the engine gives its own. Medians of runs in turns, each in a fresh process of code bundled as the
 * functions are.
 */
export async function measureColdStart(
  models: BenchModels,
  graph: string,
  rounds: number,
): Promise<{ milliseconds: number; bareSessionMilliseconds: number }> {
  const outdir = join(root, 'dist', 'bench');
  await mkdir(outdir, { recursive: true });
  await bundleFunction({
    name: 'cold start',
    entries: {
      engine: join(root, 'test/bench/cold-engine.ts'),
      session: join(root, 'test/bench/cold-session.ts'),
      worker: join(root, 'shared/nlp/worker.ts'),
    },
    outdir,
    external: ['onnxruntime-node'],
  });
  const args = [models.directory, models.entityModel, models.answerModel];
  const ours: number[] = [];
  const bare: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await runFresh(join(outdir, 'session.mjs'), [graph]));
      ours.push(await runFresh(join(outdir, 'engine.mjs'), args));
    }
  } finally {
    await rm(outdir, { recursive: true });
  }
  return { milliseconds: median(ours), bareSessionMilliseconds: median(bare) };
}
