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
  [
    'an unknown model',
    (f) => Object.assign(f.model, { type: 'Other' }),
    /model is Other; supported/,
  ],
  [
    'an unknown normalizer',
    (f) => Object.assign(f, { normalizer: { type: 'Cyrillic' } }),
    /normalizer is Cyrillic; supported/,
  ],
  [
    'an unknown part of a sequence',
    (f) =>
      Object.assign(f, {
        pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits' }, { type: 'Jieba' }] },
      }),
    /pre_tokenizer\.pretokenizers\.1 is Jieba/,
  ],
  [
    'a wrong switch',
    (f) => Object.assign(f.normalizer, { lowercase: 'yes' }),
    /normalizer\.lowercase/,
  ],
  ['a wrong id', (f) => Object.assign(f.model.vocab, { the: -1 }), /"the"/],
  ['no unknown token', (f) => Object.assign(f.model, { unk_token: '<unk>' }), /<unk>/],
  [
    'pieces without scores',
    (f) => Object.assign(f, { model: { type: 'Unigram', vocab: [['<unk>', 0], 'a'], unk_id: 0 } }),
    /model\.vocab\.1/,
  ],
  [
    'an unknown piece that is none',
    (f) => Object.assign(f, { model: { type: 'Unigram', vocab: [['<unk>', 0]], unk_id: 1 } }),
    /unk_id/,
  ],
  [
    'dropout',
    (f) => Object.assign(f, { model: { type: 'BPE', vocab: {}, merges: [], dropout: 0.1 } }),
    /model\.dropout/,
  ],
  ['sequences out of order', (f) => f.post_processor.pair.reverse(), /first before the second/],
  [
    'two frames',
    (f) =>
      Object.assign(f, {
        post_processor: { type: 'Sequence', processors: [f.post_processor, f.post_processor] },
      }),
    /frames texts twice/,
  ],
  [
    'a frame of tokens that it does not list',
    (f) => Object.assign(f.post_processor, { special_tokens: {} }),
    /special_tokens has no "\[CLS\]"/,
  ],
])('refuses %s', (_, change, message) => {
  const file = changed(change);
  expect(() => createTokenizer(file)).toThrow(ModelError);
  expect(() => createTokenizer(file)).toThrow(message);
});

test.each([
  ['(a', /does not close a group/],
  ['a)', /that was not opened/],
  ['[z-a]', /empty range/],
  ['\\p{Nope}', /names a property, Nope/],
  ['(?i)\\p{Lu}', /ignores the case of/],
  ['(a)\\1', /uses \\1/],
  ['\\Gx', /uses \\G/],
  ['(?x) a', /white space that does not count/],
  ['(?~a)', /unknown kind/],
  ['*a', /repeats nothing/],
])('refuses the regular expression %s', (Regex, message) => {
  const file = changed((f) =>
    Object.assign(f, {
      pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated' },
    }),
  );
  expect(() => createTokenizer(file)).toThrow(ModelError);
  expect(() => createTokenizer(file)).toThrow(message);
});

test('refuses a merge of tokens that are not there, when the first word comes', () => {
  const vocab = { a: 0, b: 1 };
  const bytePair = (merges: unknown[]) =>
    createTokenizer({ model: { type: 'BPE', vocab, merges } });
  expect(() => bytePair(['a b']).encode('ab')).toThrow(/merges\.0: model\.vocab lacks/);
  expect(() => bytePair([['a', 'b', 'c']]).encode('ab')).toThrow(/merges\.0 must be a pair/);
});

test('refuses what is no tokenizer at all', () => {
  expect(() => createTokenizer(null)).toThrow(ModelError);
  expect(() => createTokenizer([])).toThrow(/model is none/);
});

test('takes the type of a model that does not say it from its fields', () => {
  const made = createTokenizer({ model: { vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] } });
  expect([...made.encode('ab').ids]).toEqual([2]);
  const pieces = [
    ['<unk>', 0],
    ['a', -1],
  ];
  expect([...createTokenizer({ model: { vocab: pieces, unk_id: 0 } }).encode('a').ids]).toEqual([
    1,
  ]);
});

test('frames as the post-processor says, and not at all without one', () => {
  const file = { model: { type: 'BPE', vocab: { a: 0, '<s>': 1, '</s>': 2 }, merges: [] } };
  const { single, pair, special } = createTokenizer(file);
  expect([...single.prefix.ids, ...single.suffix.ids, ...pair.middle.ids]).toEqual([]);
  expect(special).toEqual({ cls: 0, sep: 0, pad: 0, unk: undefined });
  const roberta = createTokenizer({
    ...file,
    post_processor: { type: 'RobertaProcessing', cls: ['<s>', 1], sep: ['</s>', 2] },
  });
  expect([...roberta.pair.middle.ids]).toEqual([2, 2]);
  expect([roberta.pair.first, roberta.pair.second]).toEqual([0, 0]);
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
