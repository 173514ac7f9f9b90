import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { shapes } from '#test/fuzz/shapes.ts';

/**
 * Between them: composition and bytes, added tokens in the normalized text; regular expressions; merges in a text that is one
 * word, bytes for what is unknown; decomposition, SentencePiece's rules, Unigram.
 */
const families = ['modernbert', 'llama3', 'mistral', 'albert'];

function read(family: string): object {
  const path = new URL(`../../../../fixtures/tokenizers/${family}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')).tokenizer;
}

describe.each(families)('%s: time in proportion to the text', (family) => {
  const tokenizer = createTokenizer(read(family));

  test.each(Object.entries(shapes))(
    '%s',
    async (_shape, make) => {
      expect(await growthOf((text: string) => tokenizer.encode(text), make)).toBeLessThan(LINEAR);
    },
    60_000,
  );
});
