import * as z from 'zod';
import { ModelError } from '../errors.ts';
import type { ManifestHead } from './manifest.ts';
import type { HeadDescription, HeadTask } from './task.ts';
import { headTasks, tasks } from './tasks.ts';

const configSchema = z.looseObject({
  model_type: z.string(),
  architectures: z.array(z.string()).nullish(),
  max_position_embeddings: z.int().min(8),
  pad_token_id: z.int().min(0).nullish(),
  problem_type: z.string().nullish(),
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).nullish(),
});

/** What is read of a model's `config.json`. */
export type Config = z.output<typeof configSchema>;

/** Families that are known to run, and where in their position embeddings a text begins. */
const families = new Map<string, 'at the first' | 'after the padding id'>([
  ['albert', 'at the first'],
  ['bert', 'at the first'],
  ['camembert', 'after the padding id'],
  ['deberta', 'at the first'],
  ['deberta-v2', 'at the first'],
  ['distilbert', 'at the first'],
  ['electra', 'at the first'],
  ['mobilebert', 'at the first'],
  ['modernbert', 'at the first'],
  ['mpnet', 'after the padding id'],
  ['roberta', 'after the padding id'],
  ['xlm-roberta', 'after the padding id'],
]);
/** The padding id of all families that count from it, where the configuration leaves it out. */
const USUAL_PADDING = 1;

/**
 * Checks `config.json`.
 *
 * @throws {ModelError} naming the field that is wrong, or the family that is not supported
 */
export function parseConfig(json: unknown, path: string): Config {
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue?.path.join('.') || '(file)';
    throw new ModelError(`${path}: ${field}: ${issue?.message}`, { cause: parsed.error });
  }
  if (families.has(parsed.data.model_type)) return parsed.data;
  throw new ModelError(
    `${path}: model_type ${parsed.data.model_type} is not supported; known are ${[...families.keys()].join(', ')}`,
  );
}

/** Whether what a model says of a text's last token depends on the padding after it, masked or not. */
export function readsPadding({ model_type }: Config): boolean {
  // Each of its tokens is embedded with its neighbours.
  return model_type === 'mobilebert';
}

/** Tokens that the model has positions for, special tokens counted. */
export function positionsOf(config: Config): number {
  const { model_type, max_position_embeddings: positions, pad_token_id } = config;
  if (families.get(model_type) === 'at the first') return positions;
  return positions - (pad_token_id ?? USUAL_PADDING) - 1;
}

/**
 * What a model's heads are: as the manifest says, or else the one that its architecture is for.
 *
 * @throws {ModelError} where neither tells, or a head lacks what its task needs
 */
export function describeHeads(
  config: Config,
  model: {
    readonly name: string;
    readonly directory: string;
    readonly heads: readonly ManifestHead[] | undefined;
  },
): HeadDescription[] {
  const { name, directory } = model;
  const heads: readonly ManifestHead[] = model.heads ?? [{ task: guessTask(config, directory) }];
  return heads.map((head) => {
    const { outputs, isLabelled } = tasks[head.task];
    const named = head.output === undefined ? outputs : [head.output].flat();
    if (named.length !== outputs.length) {
      const wanted = outputs.join(' and ');
      throw new ModelError(
        `${directory}: ${head.task} reads ${wanted}, not ${named.join(' and ')}`,
      );
    }
    return {
      task: head.task,
      name: head.name ?? name,
      outputs: named,
      labels: isLabelled ? (head.labels ?? labelsOf(config, directory)) : [],
      languages: head.languages,
      onRequest: head.onRequest,
      settings: head.settings ?? {},
      problemType: config.problem_type ?? undefined,
    };
  });
}

function guessTask(config: Config, directory: string): HeadTask {
  const architecture = config.architectures?.[0] ?? '';
  const labels = Object.values(config.id2label ?? {});
  const task = headTasks.find((name) => {
    const { architecture: ending, suits } = tasks[name];
    return architecture.endsWith(ending) && (suits?.(labels) ?? true);
  });
  if (task) return task;
  const known = [...new Set(headTasks.map((name) => tasks[name].architecture))].join(', ');
  throw new ModelError(
    `${directory}: the architecture ${architecture || '(none)'} of config.json is for no task that is supported; known are ${known}`,
  );
}

function labelsOf({ id2label: map }: Config, directory: string): string[] {
  if (!map || Object.keys(map).length === 0) {
    throw new ModelError(`${directory}: config.json has no id2label`);
  }
  return Object.keys(map).map((_, index) => {
    const label = map[String(index)];
    if (label !== undefined) return label;
    throw new ModelError(`${directory}: id2label of config.json has no ${index}`);
  });
}
