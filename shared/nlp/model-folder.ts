import { open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { ModelError } from '../errors.ts';
import type { Batching } from './engine/plan.ts';
import { checkFile, sumFile } from './file-sums.ts';
import { type ManifestFile, type ManifestModel, readJson } from './manifest.ts';
import {
  type Config,
  describeHeads,
  parseConfig,
  positionsOf,
  readsPadding,
} from './model-config.ts';
import type { HeadDescription } from './task.ts';
import type { Figure } from './types.ts';

/** A graph file, and what else must be as the manifest says before it is run. */
export interface GraphFile {
  readonly path: string;
  /** Optimized beforehand for this runtime, or written so that nothing is left to optimize. */
  readonly optimized: boolean;
}

/** A model's folder, read and understood but not yet run. */
export interface ModelFolder {
  readonly name: string;
  readonly directory: string;
  readonly heads: readonly HeadDescription[];
  /** BCP 47 primary tags, or `*` for any. */
  readonly languages: readonly string[];
  /** Reads `tokenizer.json`, which may be large. */
  readTokenizer(): Promise<unknown>;
  /** Tokens of a window, special tokens counted. */
  readonly maximumLength: number;
  readonly batching: Batching;
  /** Id of padding, where the configuration names one. */
  readonly padId: number | undefined;
  /** Best first: later ones are for when an earlier one does not load. */
  readonly graphs: readonly GraphFile[];
  /** Files with their sums: the manifest's, or else those that are used. */
  readonly files: readonly ManifestFile[];
  readonly figures: readonly Figure[];
  /** Compares every file that is used with its sum; rejects naming the first that differs. */
  verify(): Promise<void>;
}

const optimizedGraphs = ['onnx/model_quantized.optimized.onnx', 'onnx/model.optimized.onnx'];
/** Where a graph may lie that was made for any runtime; the smaller come first. */
export const plainGraphs = ['onnx/', ''].flatMap((folder) =>
  ['_quantized', '_int8', '_uint8', '', '_fp16', '_q4', '_bnb4', '_q4f16'].map(
    (suffix) => `${folder}model${suffix}.onnx`,
  ),
);
/** Tokens of a window where the manifest does not say: attention takes memory by their square, and most models learnt no more. */
const DEFAULT_LENGTH = 512;

/**
 * Reads a model's folder as Hugging Face lays one out.
 *
 * @param entry what the manifest says of it; without one, it is all that `config.json` says, and sums are taken from the
 *   files as they are
 * @throws {ModelError} for a missing file, an unsupported kind of model, or a wrong field
 */
export async function readModelFolder(
  directory: string,
  entry?: ManifestModel,
): Promise<ModelFolder> {
  const configPath = join(directory, 'config.json');
  const config = parseConfig(await readJson(configPath), configPath);
  const name = entry?.name ?? basename(directory);
  const present = entry ? entry.files.map((file) => file.path) : await listFiles(directory);
  const graphs = findGraphs(directory, present, entry?.optimized ?? false);
  const used = present.filter((path) => isUsed(path, graphs));
  return {
    name,
    directory,
    heads: describeHeads(config, { name, directory, heads: entry?.heads }),
    languages: entry?.languages ?? ['*'],
    readTokenizer: () => readJson(join(directory, 'tokenizer.json')),
    maximumLength: Math.min(
      entry?.maximumLength ?? (await defaultLength(directory, present)),
      positionsOf(config),
    ),
    batching: await batchingOf(
      config,
      graphs.map((graph) => join(directory, graph.name)),
    ),
    padId: config.pad_token_id ?? undefined,
    graphs: graphs.map(({ name, optimized }) => ({ path: join(directory, name), optimized })),
    files:
      entry?.files ??
      (await Promise.all(
        used.map(async (path) => ({ path, ...(await sumFile(join(directory, path))) })),
      )),
    figures: entry?.figures ?? [],
    async verify() {
      const listed = entry?.files.filter(({ path }) => used.includes(path)) ?? [];
      await Promise.all(listed.map((file) => checkFile(join(directory, file.path), file)));
    },
  };
}

async function listFiles(directory: string): Promise<string[]> {
  const listed = await Promise.all(
    ['', 'onnx'].map((folder) =>
      readdir(join(directory, folder)).then(
        (names) => names.map((name) => (folder ? `${folder}/${name}` : name)),
        () => [],
      ),
    ),
  );
  return listed.flat().sort();
}

function findGraphs(directory: string, present: readonly string[], optimized: boolean) {
  const first = plainGraphs.find((name) => present.includes(name));
  const found = [
    ...optimizedGraphs
      .filter((name) => present.includes(name))
      .map((name) => ({ name, optimized: true })),
    ...(first === undefined ? [] : [{ name: first, optimized }]),
  ];
  if (found.length > 0) return found;
  throw new ModelError(
    `${directory}: there is no graph; one of ${plainGraphs.join(', ')} is needed`,
  );
}

/** A graph's external data, in one file or several, is named after it with something added. */
function isUsed(path: string, graphs: readonly { readonly name: string }[]): boolean {
  if (['config.json', 'tokenizer.json', 'tokenizer_config.json'].includes(path)) return true;
  return graphs.some(({ name }) => path.startsWith(name));
}

/** Bytes at the beginning of a graph file that hold its operators, or most of them; its weights follow. */
const OPERATORS = 4 << 20;

/** A graph that scales its numbers by all that run with them must run each window by itself. */
async function batchingOf(config: Config, graphs: readonly string[]): Promise<Batching> {
  const heads = await Promise.all(graphs.map((path) => readHead(path, OPERATORS)));
  if (heads.some((head) => head.includes('DynamicQuantize'))) return 'none';
  return readsPadding(config) ? 'equal lengths' : 'any';
}

/** The beginning of a file; nothing where it cannot be read, which is told when it is loaded. */
async function readHead(path: string, length: number): Promise<Buffer> {
  const file = await open(path).catch(() => undefined);
  try {
    const head = Buffer.alloc(Math.min(length, (await file?.stat())?.size ?? 0));
    await file?.read(head);
    return head;
  } finally {
    await file?.close();
  }
}

async function defaultLength(directory: string, present: readonly string[]): Promise<number> {
  const name = 'tokenizer_config.json';
  if (!present.includes(name)) return DEFAULT_LENGTH;
  const schema = z.object({ model_max_length: z.number().min(8).optional().catch(undefined) });
  const config = schema.safeParse(await readJson(join(directory, name)));
  return Math.min(config.data?.model_max_length ?? DEFAULT_LENGTH, DEFAULT_LENGTH);
}
