import * as z from 'zod';
import { patternFile } from '../normalizer/file.ts';

const plain = z.object({
  type: z.enum(['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit', 'UnicodeScripts']),
});

const behavior = z.enum([
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
]);

/** What becomes of the delimiters that a text is split at. */
export type SplitBehavior = z.output<typeof behavior>;

const character = z.string().refine((text) => [...text].length === 1, 'must be one character');

const byteLevel = z.object({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

/** Files of old say `add_prefix_space`, newer ones `prepend_scheme`; where the former is false it decides. */
const metaspace = z.object({
  type: z.literal('Metaspace'),
  replacement: character.default('\u2581'),
  add_prefix_space: z.boolean().default(true),
  prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
  split: z.boolean().nullish(),
});

const punctuation = z.object({
  type: z.literal('Punctuation'),
  behavior: behavior.default('Isolated'),
});

const digits = z.object({
  type: z.literal('Digits'),
  individual_digits: z.boolean().default(false),
});

const split = z.object({
  type: z.literal('Split'),
  pattern: patternFile,
  behavior,
  invert: z.boolean().default(false),
});

const delimiter = z.object({ type: z.literal('CharDelimiterSplit'), delimiter: character });

const fixedLength = z.object({ type: z.literal('FixedLength'), length: z.int().min(1).default(5) });

const stages = [
  plain,
  byteLevel,
  metaspace,
  punctuation,
  digits,
  split,
  delimiter,
  fixedLength,
] as const;

const sequence = z.object({
  type: z.literal('Sequence'),
  get pretokenizers() {
    return z.array(preTokenizerFile);
  },
});

/** `pre_tokenizer` of `tokenizer.json`. */
export const preTokenizerFile = z.discriminatedUnion('type', [...stages, sequence]);

export type PreTokenizerFile =
  | z.output<(typeof stages)[number]>
  | { type: 'Sequence'; pretokenizers: PreTokenizerFile[] };
