import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ModelError } from '#shared/errors.ts';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';

interface File {
  normalizer: Record<string, unknown>;
  model: Record<string, unknown> & { vocab: Record<string, unknown> };
  added_tokens: Record<string, unknown>[];
  post_processor: Record<string, unknown> & { pair: unknown[] };
  [field: string]: unknown;
}

const path = new URL('../../../../fixtures/tiny-model/tiny-ner/tokenizer.json', import.meta.url);
const changed = (change: (file: File) => void): File => {
  const file = JSON.parse(readFileSync(path, 'utf8')) as File;
  change(file);
  return file;
};

test.each<[string, (file: File) => void, RegExp]>([
  ['another model', (f) => Object.assign(f.model, { type: 'Unigram' }), /model is Unigram/],
  ['no normalizer', (f) => Object.assign(f, { normalizer: null }), /normalizer is none/],
  [
    'another splitter',
    (f) => Object.assign(f, { pre_tokenizer: { type: 'ByteLevel' } }),
    /ByteLevel/,
  ],
  [
    'a wrong switch',
    (f) => Object.assign(f.normalizer, { lowercase: 'yes' }),
    /normalizer\.lowercase/,
  ],
  ['a wrong id', (f) => Object.assign(f.model.vocab, { the: -1 }), /"the"/],
  ['no unknown token', (f) => Object.assign(f.model, { unk_token: '<unk>' }), /<unk>/],
  [
    'a normalized token',
    (f) => f.added_tokens.push({ id: 9, content: '<e>', normalized: true }),
    /<e>/,
  ],
  ['another frame', (f) => f.post_processor.pair.pop(), /post_processor must frame/],
])('refuses %s', (_, change, message) => {
  const file = changed(change);
  expect(() => createTokenizer(file)).toThrow(ModelError);
  expect(() => createTokenizer(file)).toThrow(message);
});

test('refuses what is no tokenizer at all', () => {
  expect(() => createTokenizer(null)).toThrow(ModelError);
  expect(() => createTokenizer([])).toThrow(/normalizer is none/);
});

test('reads the special tokens', () => {
  const { special } = createTokenizer(changed(() => {}));
  expect(special).toEqual({ cls: 2, sep: 3, pad: 0, unk: 1 });
});

test.each([
  ['takes the white space before it along', { lstrip: true }, 'a  [SEP] b', [1, 8]],
  ['takes the white space after it along', { rstrip: true }, 'a  [SEP] b', [3, 9]],
  ['stands alone only', { single_word: true }, 'a[SEP] [SEP]', [7, 12]],
])('an added token %s', (_, flags, text, expected) => {
  const tokenizer = createTokenizer(
    changed((file) => {
      for (const token of file.added_tokens) Object.assign(token, flags);
    }),
  );
  const { ids, starts, ends } = tokenizer.encode(text);
  const at = ids.indexOf(tokenizer.special.sep);
  expect([starts[at], ends[at]]).toEqual(expected);
  expect(ids.lastIndexOf(tokenizer.special.sep)).toBe(at);
});
