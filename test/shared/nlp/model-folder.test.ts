import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readManifest } from '#shared/nlp/manifest.ts';
import { readModelFolder } from '#shared/nlp/model-folder.ts';

const models = fileURLToPath(new URL('../../../models/', import.meta.url));

describe('a model folder', () => {
  it.each([true, undefined])(
    'knows by its entry whether its graph is optimized: %s',
    async (optimized) => {
      const manifest = await readManifest(models);
      const listed = manifest?.models.find(({ name }) => name === 'minilm-l6-ner');
      if (!listed) throw new Error('the bundled model is not listed');
      const { optimized: _, ...entry } = listed;

      const { graphs } = await readModelFolder(`${models}${entry.name}`, {
        ...entry,
        ...(optimized && { optimized }),
      });

      expect(graphs.map((graph) => graph.optimized)).toEqual([optimized ?? false]);
    },
  );

  it('of the bundled models needs no optimization', async () => {
    const manifest = await readManifest(models);

    expect(manifest?.models.map(({ optimized }) => optimized)).toEqual([true, true]);
  });
});
