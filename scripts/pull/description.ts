import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** What a model is, as far as its small files and its card say. */
export interface ModelDescription {
  /** Such as `RobertaForTokenClassification`. */
  readonly architecture: string;
  /** Such as `roberta`. */
  readonly family: string;
  readonly labels: number;
  /** Algorithm of the tokenizer's vocabulary, such as `Unigram`. */
  readonly tokenizer: string;
  /** Of the card: BCP 47 primary tags, or `*`. */
  readonly languages: readonly string[];
  readonly graph: string;
  /** Of all that is fetched. */
  readonly bytes: number;
}

const configSchema = z.looseObject({
  model_type: z.string().catch('of no known family'),
  architectures: z.array(z.string()).catch([]),
  id2label: z.record(z.string(), z.unknown()).catch({}),
});
const tokenizerSchema = z.looseObject({
  model: z.looseObject({ type: z.string().catch('unknown') }).catch({ type: 'unknown' }),
});

/** Reads what a model is, whether or not it is one that runs. */
export async function describe(
  folder: string,
  known: Pick<ModelDescription, 'languages' | 'graph' | 'bytes'>,
): Promise<ModelDescription> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name), 'utf8'));
  const config = configSchema.parse(await read('config.json'));
  return {
    architecture: config.architectures[0] ?? 'no architecture',
    family: config.model_type,
    labels: Object.keys(config.id2label).length,
    tokenizer: tokenizerSchema.parse(await read('tokenizer.json')).model.type,
    ...known,
  };
}

/** One sentence of it. */
export function sentenceOf(model: ModelDescription): string {
  const { architecture, family, labels, tokenizer, languages, graph, bytes } = model;
  const spoken = languages.includes('*') ? 'any language' : languages.join(', ');
  const megabytes = (bytes / 1e6).toFixed(1);
  return `${architecture} (${family}${labels > 0 ? `, ${labels} labels` : ''}), ${tokenizer} tokenizer, for ${spoken}, ${megabytes} MB with ${graph}`;
}
