import { z } from 'zod';
import { ModelError } from '#shared/errors.ts';

const templatePiece = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.int() }) }),
  z.object({ Sequence: z.object({ id: z.string(), type_id: z.int() }) }),
]);

const bertNormalizer = z.object({
  type: z.literal('BertNormalizer'),
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().default(true),
});

const postProcessor = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('TemplateProcessing'),
    single: z.array(templatePiece),
    pair: z.array(templatePiece),
    special_tokens: z.record(z.string(), z.object({ ids: z.array(z.int().min(0)) })),
  }),
  z.object({
    type: z.literal('BertProcessing'),
    cls: z.tuple([z.string(), z.int().min(0)]),
    sep: z.tuple([z.string(), z.int().min(0)]),
  }),
]);

const wordPiece = z.object({
  type: z.literal('WordPiece'),
  unk_token: z.string().default('[UNK]'),
  continuing_subword_prefix: z
    .string()
    .regex(/^[!-/:-@[-`{-~]+$/, 'must be punctuation')
    .default('##'),
  max_input_chars_per_word: z.int().min(1).default(100),
  // Tens of thousands of entries: checked in one pass where they are read.
  vocab: z.custom<Readonly<Record<string, number>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must map tokens to ids',
  ),
});

const schema = z.object({
  added_tokens: z
    .array(
      z.object({
        id: z.int().min(0),
        content: z.string(),
        single_word: z.boolean().default(false),
        lstrip: z.boolean().default(false),
        rstrip: z.boolean().default(false),
        normalized: z.boolean().default(false),
      }),
    )
    .default([]),
  normalizer: bertNormalizer,
  pre_tokenizer: z.object({ type: z.literal('BertPreTokenizer') }),
  model: wordPiece,
  post_processor: postProcessor,
  padding: z.object({ pad_id: z.int().min(0).default(0) }).nullish(),
});

/** The parts of `tokenizer.json` that are read here. */
export type TokenizerFile = z.output<typeof schema>;

const supported: Readonly<Record<string, readonly string[]>> = {
  normalizer: ['BertNormalizer'],
  pre_tokenizer: ['BertPreTokenizer'],
  model: ['WordPiece'],
  post_processor: ['TemplateProcessing', 'BertProcessing'],
};

/**
 * Checks a parsed `tokenizer.json`.
 *
 * @throws {ModelError} naming the stage that is not supported, or the fields at fault.
 */
export function parseTokenizerFile(input: unknown): TokenizerFile {
  const stages = z.record(z.string(), z.unknown()).safeParse(input).data ?? {};
  for (const [stage, types] of Object.entries(supported)) {
    const type = z.object({ type: z.string() }).safeParse(stages[stage]).data?.type ?? 'none';
    if (!types.includes(type)) {
      throw new ModelError(
        `tokenizer.json: ${stage} is ${type}; supported is ${types.join(' or ')}`,
      );
    }
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ModelError(`tokenizer.json: ${faults.join('; ')}`, { cause: parsed.error });
}
