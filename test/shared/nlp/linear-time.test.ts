import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { shapes } from '#test/fuzz/shapes.ts';
import { createTaskWorks } from './test-head.ts';

const file = JSON.parse(
  readFileSync(
    new URL('../../../fixtures/tiny-model/tiny-ner/tokenizer.json', import.meta.url),
    'utf8',
  ),
) as { normalizer: object; added_tokens: object[]; model: object };
const tokenizer = createTokenizer(file);
/** Nothing normalized, words of any length, added tokens that stand alone and take white space along. */
const otherwise = createTokenizer({
  ...file,
  normalizer: { ...file.normalizer, lowercase: false, strip_accents: false, clean_text: false },
  model: { ...file.model, max_input_chars_per_word: 1_000_000 },
  added_tokens: file.added_tokens.map((token) => ({
    ...token,
    single_word: true,
    lstrip: true,
    rstrip: true,
  })),
});
const works: Record<string, (text: string) => unknown> = {
  'the tokenizer': (text) => tokenizer.encode(text),
  'a tokenizer of other settings': (text) => otherwise.encode(text),
  ...createTaskWorks(tokenizer),
};

describe.each(Object.entries(works))('%s: time in proportion to the text', (_, work) => {
  test.each(Object.entries(shapes))('%s', async (_shape, make) => {
    expect(await growthOf(work, make)).toBeLessThan(LINEAR);
  });
});
