import { join } from 'node:path';
import { createTextEngine } from '#shared/nlp/index.ts';
import { readModelFolder } from '#shared/nlp/model-folder.ts';
import type { ModelFolders } from './arms.ts';
import { median } from './children.ts';

const BATCH = 200;

/**
 * Share of an engine's time at batch 200 that is not inference: the same batch once on the model, and once on
 * ports that answer at once with zeros, so that only tokenizing, planning, packing and decoding are left.
 */
export async function measureOverhead(
  folders: ModelFolders,
  texts: readonly string[],
): Promise<{ total: number; other: number; share: number }> {
  const batch = texts.slice(0, BATCH).map((text) => ({ text }));
  const options = {
    modelsDirectory: folders.directory,
    entityModel: folders.entities.int8,
    answerModel: null,
  };
  const folder = await readModelFolder(join(folders.directory, folders.entities.int8), {
    task: 'token-classification',
  });
  const labels = folder.labels.length;
  const idle = await createTextEngine({
    ...options,
    openPort: () => ({
      load: async () => ({ inputs: [], outputs: { logits: labels } }),
      run: async (_, { rows, length }) => ({ logits: new Float32Array(rows * length * labels) }),
      close: async () => undefined,
    }),
  });
  const real = await createTextEngine(options);
  const time = async (engine: typeof real): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const begin = performance.now();
      await engine.analyze(batch);
      times.push(performance.now() - begin);
    }
    return median(times);
  };
  try {
    const other = await time(idle);
    const total = await time(real);
    return { total, other, share: other / total };
  } finally {
    await Promise.all([idle.close(), real.close()]);
  }
}
