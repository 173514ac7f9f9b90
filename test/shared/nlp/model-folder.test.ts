import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readManifest } from '#shared/nlp/manifest.ts';
import { readModelFolder } from '#shared/nlp/model-folder.ts';

const bundled = fileURLToPath(new URL('../../../models/', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

const labels = (...names: string[]) => Object.fromEntries(names.map((name, i) => [i, name]));

/** Reads a folder that holds these files and no manifest entry. */
async function read(config: object, files: Readonly<Record<string, string>> = {}) {
  const all = {
    'config.json': JSON.stringify({
      model_type: 'bert',
      architectures: ['BertForTokenClassification'],
      max_position_embeddings: 128,
      id2label: labels('O', 'B-PER'),
      ...config,
    }),
    'tokenizer.json': '{}',
    'onnx/model.onnx': 'graph',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return readModelFolder(folder);
}

describe('a model folder', () => {
  it.each([true, undefined])(
    'knows by its entry whether its graph is optimized: %s',
    async (optimized) => {
      const manifest = await readManifest(bundled);
      const listed = manifest?.models.find(({ name }) => name === 'minilm-l6-en');
      if (!listed) throw new Error('the bundled model is not listed');
      const { optimized: _, ...entry } = listed;

      const { graphs } = await readModelFolder(`${bundled}${entry.name}`, {
        ...entry,
        ...(optimized && { optimized }),
      });

      expect(graphs.map((graph) => graph.optimized)).toEqual([optimized ?? false]);
    },
  );

  it('of the bundled models needs no optimization, and may run windows of any length together', async () => {
    const manifest = await readManifest(bundled);

    for (const entry of manifest?.models ?? []) {
      const { graphs, batching } = await readModelFolder(`${bundled}${entry.name}`, entry);
      expect({ optimized: graphs[0]?.optimized, batching }).toEqual({
        optimized: true,
        batching: 'any',
      });
    }
    expect(manifest?.models.length).toBeGreaterThan(1);
  });

  it.each([
    ['BertForTokenClassification', labels('O', 'B-PER', 'I-PER'), 'entities'],
    ['BertForTokenClassification', labels('ADJ', 'NOUN', 'VERB', 'X'), 'tags'],
    ['RobertaForSequenceClassification', labels('negative', 'positive'), 'labels'],
    ['AlbertForQuestionAnswering', undefined, 'answers'],
  ])('alone serves what its architecture is for: %s, %j', async (architecture, id2label, task) => {
    const { heads, languages } = await read({ architectures: [architecture], id2label });

    expect(heads.map((head) => head.task)).toEqual([task]);
    expect(languages).toEqual(['*']);
  });

  it.each([
    ['all positions', { model_type: 'albert' }, {}, 128],
    ['none before the padding id', { model_type: 'roberta', pad_token_id: 1 }, {}, 126],
    [
      'no more than is usual',
      { model_type: 'modernbert', max_position_embeddings: 8_192 },
      {},
      512,
    ],
    [
      'no more than the tokenizer says',
      {},
      { 'tokenizer_config.json': '{"model_max_length":64}' },
      64,
    ],
    [
      'all, where the tokenizer does not say',
      {},
      { 'tokenizer_config.json': '{"model_max_length":1e30}' },
      128,
    ],
  ])('has windows of %s', async (_, config, files, length) => {
    expect((await read(config, files)).maximumLength).toBe(length);
  });

  it('counts the files that its graph keeps weights in, one or several', async () => {
    const { files } = await read(
      {},
      {
        'onnx/model.onnx_data': 'one',
        'onnx/model.onnx_data_1': 'two',
        'onnx/model_fp16.onnx': 'not used',
        'README.md': 'not used',
      },
    );

    expect(files.map(({ path }) => path)).toEqual([
      'config.json',
      'onnx/model.onnx',
      'onnx/model.onnx_data',
      'onnx/model.onnx_data_1',
      'tokenizer.json',
    ]);
  });

  it.each([
    ['any', { model_type: 'bert' }, 'graph'],
    ['equal lengths', { model_type: 'mobilebert' }, 'graph'],
    ['none', { model_type: 'bert' }, 'graph of DynamicQuantizeLinear'],
  ])('knows which windows may run together: %s', async (batching, config, graph) => {
    expect((await read(config, { 'onnx/model.onnx': graph })).batching).toBe(batching);
  });
});
