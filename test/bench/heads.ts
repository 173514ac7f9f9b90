import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '#shared/errors.ts';
import { sumFile } from '#shared/nlp/file-sums.ts';
import { createTextEngine } from '#shared/nlp/index.ts';
import { readManifest } from '#shared/nlp/manifest.ts';
import type { BenchModels } from './model-folders.ts';
import {
  elementTypes,
  type OnnxModel,
  type OnnxTensor,
  readOnnx,
  writeOnnx,
} from './onnx-graph.ts';
import { processorSeconds } from './processor-time.ts';
import { analyze } from './tasks.ts';

const GRAPH = 'onnx/model_quantized.onnx';
const NAME = 'many-headed';
const tags = 'ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X'.split(
  ' ',
);
const labels = ['negative', 'neutral', 'positive'];

/** How long entities, tags and labels together take of a graph with a head for each, over entities alone. */
export interface HeadTimes {
  readonly allOverEntities: number;
}

/** Gives the entity model's graph two more heads, of random weights, and measures on one worker, in turns, by processor time. */
export async function measureHeads(
  models: BenchModels,
  folder: string,
  texts: readonly string[],
  rounds: number,
): Promise<HeadTimes> {
  const modelsDirectory = join(folder, 'heads');
  await writeManyHeaded(models, modelsDirectory);
  const engine = await createTextEngine({ modelsDirectory, workers: 1 });
  try {
    const seconds = await processorSeconds(
      {
        entities: () => analyze(engine, texts, 'entities'),
        all: () => analyze(engine, texts, 'entities', 'tags', 'labels'),
      },
      rounds,
    );
    return { allOverEntities: seconds.all / seconds.entities };
  } finally {
    await engine.close();
  }
}

async function writeManyHeaded(models: BenchModels, into: string): Promise<void> {
  const source = join(models.directory, models.entityModel);
  const folder = join(into, NAME);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const names = (await readdir(source)).filter((name) => /\.(json|txt)$/.test(name));
  for (const name of names) await cp(join(source, name), join(folder, name));
  await writeOnnx(join(folder, GRAPH), addHeads(await readOnnx(join(source, GRAPH))));
  const entry = (await readManifest(models.directory))?.models.find(
    ({ name }) => name === models.entityModel,
  );
  const entities = entry?.heads.find(({ task }) => task === 'entities') ?? { task: 'entities' };
  const files = await Promise.all(
    [...names, GRAPH].map(async (path) => ({ path, ...(await sumFile(join(folder, path))) })),
  );
  const model = {
    ...{ name: NAME, revision: '1', source: models.entityModel, licence: 'as its source' },
    maximumLength: entry?.maximumLength ?? 512,
    optimized: entry?.optimized,
    languages: ['*'],
    heads: [
      entities,
      { task: 'tags', output: 'tag_logits', labels: tags },
      { task: 'labels', name: 'mood', output: 'label_logits', labels },
    ],
    files,
  };
  await writeFile(join(into, 'manifest.json'), JSON.stringify({ version: 2, models: [model] }));
}

/** Two heads more on what the last layer gives: one for each token, one for the first. */
function addHeads({ graph, ...model }: OnnxModel): OnnxModel {
  const last = graph.node.findLast(({ op_type }) => op_type.endsWith('LayerNormalization'));
  const hidden = last?.output[0];
  const width = graph.initializer.find(({ name }) => last?.input.slice(1).includes(name))?.dims[0];
  if (hidden === undefined || width === undefined) {
    throw new ConfigurationError('the entity model has no layer normalization to put heads on');
  }
  const weight = (name: string, columns: number): OnnxTensor => ({
    name,
    dims: [width, columns],
    data_type: elementTypes.float,
    raw_data: new Uint8Array(
      Float32Array.from({ length: width * columns }, (_, i) => ((i * 37) % 101) / 1_010 - 0.05)
        .buffer,
    ),
  });
  const output = (name: string, columns: number, ...dimensions: string[]) => ({
    name,
    type: {
      tensor_type: {
        elem_type: elementTypes.float,
        shape: {
          dim: [...dimensions.map((dim_param) => ({ dim_param })), { dim_value: columns }],
        },
      },
    },
  });
  const first: OnnxTensor = {
    name: 'first token',
    dims: [],
    data_type: elementTypes.int64,
    raw_data: new Uint8Array(8),
  };
  return {
    ...model,
    graph: {
      ...graph,
      node: [
        ...graph.node,
        { op_type: 'MatMul', input: [hidden, 'tag weight'], output: ['tag_logits'] },
        {
          op_type: 'Gather',
          input: [hidden, first.name],
          output: ['first row'],
          attribute: [{ name: 'axis', i: 1, type: 2 }],
        },
        { op_type: 'MatMul', input: ['first row', 'label weight'], output: ['label_logits'] },
      ],
      initializer: [
        ...graph.initializer,
        weight('tag weight', tags.length),
        weight('label weight', labels.length),
        first,
      ],
      output: [
        ...graph.output,
        output('tag_logits', tags.length, 'batch', 'sequence'),
        output('label_logits', labels.length, 'batch'),
      ],
    },
  };
}
