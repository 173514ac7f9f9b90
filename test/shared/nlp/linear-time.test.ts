import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { prepareQuestion } from '#shared/nlp/question-answering/index.ts';
import { parseTokenClassificationSettings } from '#shared/nlp/task-settings.ts';
import { parseLabels, prepareEntities } from '#shared/nlp/token-classification/index.ts';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { createSpellingLengths } from '#shared/nlp/tokenizer/model/vocabulary.ts';
import type { ModelWindow } from '#shared/nlp/types.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { shapes } from '#test/fuzz/shapes.ts';

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
const labels = parseLabels(['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']);
const classifier = {
  tokenizer,
  spellingLengths: createSpellingLengths(tokenizer.vocabulary),
  labels,
  maximumLength: 128,
  settings: parseTokenClassificationSettings({
    aggregation: 'average',
    labelScheme: 'IOB2',
    overlap: 31,
  }),
};

/** Logits that no two neighbours share and that no scheme allows. */
const logits = (size: number) => Float32Array.from({ length: size }, (_, i) => (i * 7919) % 13);
const outputsOf = (windows: readonly ModelWindow[], width: number) =>
  windows.map(({ ids }) => ({ logits: logits(ids.length * width) }));

const works: Record<string, (text: string) => unknown> = {
  'the tokenizer': (text) => tokenizer.encode(text),
  'a tokenizer of other settings': (text) => otherwise.encode(text),
  entities: (text) => {
    const job = prepareEntities(classifier, text);
    return job.decode(outputsOf(job.windows, labels.length));
  },
  'an answer': (text) => {
    const job = prepareQuestion(tokenizer, text, 'who was there?', { topK: 5 });
    return job.decode(
      job.windows.map(({ ids }) => ({
        start_logits: logits(ids.length),
        end_logits: logits(ids.length),
      })),
    );
  },
};

describe.each(Object.entries(works))('%s: time in proportion to the text', (_, work) => {
  test.each(Object.entries(shapes))('%s', async (_shape, make) => {
    expect(await growthOf(work, make)).toBeLessThan(LINEAR);
  });
});
