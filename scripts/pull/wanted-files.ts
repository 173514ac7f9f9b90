import type { ListFileEntry } from '@huggingface/hub';
import { ModelError } from '#shared/errors.ts';
import { plainGraphs } from '#shared/nlp/model-folder.ts';

const needed = ['config.json', 'tokenizer.json'];
const optional = ['tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt', 'README.md'];

/** What is fetched of a model. */
export interface WantedFiles {
  readonly graph: string;
  /** Enough to tell what kind of model it is. */
  readonly small: readonly ListFileEntry[];
  /** The graph and its data. */
  readonly large: readonly ListFileEntry[];
}

/**
 * Chooses what to fetch of the files that a repository has.
 *
 * @throws {ModelError} naming what is missing
 */
export function wantedFiles(name: string, files: ReadonlyMap<string, ListFileEntry>): WantedFiles {
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
