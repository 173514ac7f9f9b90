import type { ListFileEntry } from '@huggingface/hub';
import { ModelError } from '#shared/errors.ts';
import { plainGraphs } from '#shared/nlp/model-folder.ts';

const needed = ['config.json', 'tokenizer.json'];
const optional = ['tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt', 'README.md'];

/**
 * Chooses what to fetch of the files that a repository has: small ones, enough to tell what kind of model it is, and the graph with
 * its data.
 *
 * @throws {ModelError} naming what is missing
 */
export function wantedFiles(name: string, files: ReadonlyMap<string, ListFileEntry>) {
  const missing = needed.find((path) => !files.has(path));
  if (missing) throw new ModelError(`${name} has no ${missing}`);
  const graph = plainGraphs.find((path) => files.has(path));
  if (graph === undefined) throw new ModelError(`${name} has none of ${plainGraphs.join(', ')}`);
  const present = (paths: readonly string[]) =>
    paths.map((path) => files.get(path)).filter((file) => file !== undefined);
  return {
    graph,
    small: present([...needed, ...optional]),
    // What is kept beside a graph is named after it, as a rule, with something added.
    large: [...files.values()].filter(({ path }) => path.startsWith(graph)),
  };
}
