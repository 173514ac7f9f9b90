import * as z from 'zod';

const plain = z.object({
  type: z.enum(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt', 'ByteLevel']),
});

const bert = z.object({
  type: z.literal('BertNormalizer'),
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().default(true),
});

const strip = z.object({
  type: z.literal('Strip'),
  strip_left: z.boolean().default(true),
  strip_right: z.boolean().default(true),
});

/** A string to look for, or a regular expression in Oniguruma's syntax. */
export const patternFile = z.union([
  z.object({ String: z.string() }),
  z.object({ Regex: z.string() }),
]);

export type PatternFile = z.output<typeof patternFile>;

const replace = z.object({
  type: z.literal('Replace'),
  pattern: patternFile,
  content: z.string(),
});

const prepend = z.object({ type: z.literal('Prepend'), prepend: z.string() });

const precompiled = z.object({
  type: z.literal('Precompiled'),
  precompiled_charsmap: z.string(),
});

const stages = [plain, bert, strip, replace, prepend, precompiled] as const;

const sequence = z.object({
  type: z.literal('Sequence'),
  get normalizers() {
    return z.array(normalizerFile);
  },
});

/** `normalizer` of `tokenizer.json`. */
export const normalizerFile = z.discriminatedUnion('type', [...stages, sequence]);

export type NormalizerFile =
  | z.output<(typeof stages)[number]>
  | { type: 'Sequence'; normalizers: NormalizerFile[] };
