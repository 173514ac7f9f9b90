import * as z from 'zod';

/** Tens of thousands of entries: checked in one pass where they are read. */
const vocab = z.custom<Readonly<Record<string, number>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must map tokens to ids',
);

const wordPiece = z.object({
  type: z.literal('WordPiece'),
  unk_token: z.string().default('[UNK]'),
  continuing_subword_prefix: z.string().default('##'),
  max_input_chars_per_word: z.int().min(1).default(100),
  vocab,
});

const wordLevel = z.object({
  type: z.literal('WordLevel'),
  unk_token: z.string().default('<unk>'),
  vocab,
});

const bpe = z.object({
  type: z.literal('BPE'),
  vocab,
  merges: z.custom<readonly unknown[]>(Array.isArray, 'must be a list of merges'),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
  dropout: z.literal(0, 'must be 0: random tokens are for training alone').nullish(),
});

const unigram = z.object({
  type: z.literal('Unigram'),
  vocab: z.custom<readonly unknown[]>(Array.isArray, 'must be a list of tokens and scores'),
  unk_id: z.int().min(0).nullish(),
  byte_fallback: z.boolean().default(false),
});

/** `model` of `tokenizer.json`. */
export const modelFile = z.discriminatedUnion('type', [wordPiece, wordLevel, bpe, unigram]);

export type ModelFile = z.output<typeof modelFile>;
export type WordPieceFile = z.output<typeof wordPiece>;
export type BytePairFile = z.output<typeof bpe>;

/** The type of a model that does not say it, as files of old do not. */
export function modelTypeOf(fields: Readonly<Record<string, unknown>>): string {
  if (typeof fields.type === 'string') return fields.type;
  if ('merges' in fields) return 'BPE';
  if (Array.isArray(fields.vocab)) return 'Unigram';
  if ('max_input_chars_per_word' in fields || 'continuing_subword_prefix' in fields) {
    return 'WordPiece';
  }
  return 'vocab' in fields ? 'WordLevel' : 'none';
}
