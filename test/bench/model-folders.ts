import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigurationError } from '#shared/errors.ts';
import { createTextEngine, type TextEngine } from '#shared/nlp/index.ts';
import { readManifest } from '#shared/nlp/manifest.ts';
import type { HeadTask } from '#shared/nlp/task.ts';
import type { FloatGraph, ModelFolders } from './arms.ts';
import { dequantize } from './dequantize.ts';
import { readOnnx, writeOnnx } from './onnx-graph.ts';

const QUANTIZED = 'model_quantized.onnx';

/** Names of the models that the bench runs. */
export interface BenchModels {
  readonly directory: string;
  readonly entityModel: string;
  readonly answerModel: string;
}

/** An engine of the entity model alone, on one worker. */
export function openEntityEngine({ directory, entityModel }: BenchModels): Promise<TextEngine> {
  return createTextEngine({ modelsDirectory: directory, models: [entityModel], workers: 1 });
}

/** The models that were named, or the manifest's first of each task. */
export async function benchModels(options: {
  models: string;
  entityModel?: string;
  answerModel?: string;
}): Promise<BenchModels> {
  const directory = resolve(options.models);
  const manifest = await readManifest(directory);
  const first = (task: HeadTask): string => {
    const model = manifest?.models.find(({ heads }) => heads.some((head) => head.task === task));
    if (model) return model.name;
    throw new ConfigurationError(`${directory} has no manifest with a model for ${task}`);
  };
  return {
    directory,
    entityModel: options.entityModel ?? first('entities'),
    answerModel: options.answerModel ?? first('answers'),
  };
}

/** Lays the models out in `into` once as int8 and once as fp32, so that every arm finds the same files. */
export async function layOut(models: BenchModels, into: string): Promise<ModelFolders> {
  const both = async (name: string) => {
    const source = join(models.directory, name);
    const int8 = await layOutFolder(source, join(into, `${name}-int8`));
    // Links would not do: the runtime refuses external data that leaves the model's folder.
    const parts = (await readdir(join(source, 'onnx'))).filter((name) =>
      name.startsWith(QUANTIZED),
    );
    for (const part of parts) await copyFile(join(source, 'onnx', part), join(int8, 'onnx', part));
    const fp32 = await layOutFolder(source, join(into, `${name}-fp32`));
    const floatGraph = await layOutFloat(source, join(fp32, 'onnx', 'model.onnx'));
    return { int8: `${name}-int8`, fp32: `${name}-fp32`, floatGraph };
  };
  return {
    directory: into,
    entities: await both(models.entityModel),
    answers: await both(models.answerModel),
  };
}

/** The recipe's fp32 graph where it lies beside the quantized one, else the quantized one with its rounding undone. */
async function layOutFloat(source: string, target: string): Promise<FloatGraph> {
  const exported = join(source, 'onnx', 'model.onnx');
  if (existsSync(exported)) {
    await copyFile(exported, target);
    return 'exported';
  }
  await writeOnnx(target, dequantize(await readOnnx(join(source, 'onnx', QUANTIZED))));
  return 'made from the int8 graph';
}

async function layOutFolder(source: string, target: string): Promise<string> {
  await mkdir(join(target, 'onnx'), { recursive: true });
  const names = (await readdir(source)).filter((name) => /\.(json|txt)$/.test(name));
  for (const name of names) await copyFile(join(source, name), join(target, name));
  if (!names.includes('tokenizer_config.json')) {
    await writeFile(join(target, 'tokenizer_config.json'), '{"tokenizer_class":"BertTokenizer"}');
  }
  return target;
}
