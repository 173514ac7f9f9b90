import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { plainWordPiece } from './plain-word-piece.ts';

const file = JSON.parse(
  readFileSync(
    new URL('../../../../fixtures/tiny-model/tiny-ner/tokenizer.json', import.meta.url),
    'utf8',
  ),
) as { normalizer: object; model: { vocab: Record<string, number> } };
const tokenizer = createTokenizer(file);
const { vocab } = file.model;

/** Any text, lone surrogates and all, with what tokenizers stumble over more often than chance has it. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom(
        ' ',
        '\u0301',
        '\u{1f600}',
        'İ',
        'ß',
        '中',
        '[SEP]',
        '[MASK]',
        '\u200d',
        '가',
      ),
      fc.constantFrom(...Object.keys(vocab)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('any text', () => {
  test('spans lie in the text, in order, none overlapping, and words never go back', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { ids, starts, ends, wordIds } = tokenizer.encode(text);
        let end = 0;
        let word = 0;
        for (let i = 0; i < ids.length; i++) {
          expect(ids[i]).toBeLessThan(tokenizer.vocabulary.tokens.length);
          expect(starts[i]).toBeLessThan(ends[i] ?? 0);
          // Tokens of one character that decomposes share its span.
          expect(starts[i]).toBeGreaterThanOrEqual(Math.min(end, starts[i - 1] ?? 0));
          expect(ends[i]).toBeGreaterThanOrEqual(end);
          expect(ends[i]).toBeLessThanOrEqual(text.length);
          expect(wordIds[i]).toBeGreaterThanOrEqual(word);
          end = ends[i] ?? 0;
          word = wordIds[i] ?? 0;
        }
      }),
      { numRuns: 400 },
    );
  });

  test('no span cuts a surrogate pair', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { starts, ends } = tokenizer.encode(text);
        for (const at of [...starts, ...ends]) expect(cutsPair(text, at)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('what was encoded before leaves no trace', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, other) => {
        const before = tokenizer.encode(text);
        tokenizer.encode(other);
        expect(tokenizer.encode(text)).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });

  test('a space before moves every offset by one and changes nothing else', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const plain = tokenizer.encode(text);
        const moved = tokenizer.encode(` ${text}`);
        expect([...moved.ids]).toEqual([...plain.ids]);
        expect([...moved.starts]).toEqual(Array.from(plain.starts, (start) => start + 1));
        expect([...moved.ends]).toEqual(Array.from(plain.ends, (end) => end + 1));
      }),
      { numRuns: 200 },
    );
  });
});

test('the trie cuts words as strings and a map do', () => {
  const map = new Map(Object.entries(vocab));
  const pieces = Object.keys(vocab).map((token) => token.replace(/^##(?=.)/, ''));
  const lettersOnly = pieces.filter((piece) => /^[a-z0-9]+$/.test(piece));
  const anyWord = fc.oneof(
    fc
      .array(fc.constantFrom(...lettersOnly), { minLength: 1, maxLength: 30 })
      .map((p) => p.join('')),
    fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'), minLength: 1 }),
  );
  fc.assert(
    fc.property(anyWord, (word) => {
      const { ids, starts, ends } = tokenizer.encode(word);
      const given = Array.from(ids, (id, i) => ({ id, length: (ends[i] ?? 0) - (starts[i] ?? 0) }));
      expect(given).toEqual(plainWordPiece(map, word, 100));
    }),
    { numRuns: 600, examples: [['constructor']] },
  );
});

describe('a word of that text slices back', () => {
  test.each([
    ['İstanbul', 'istanbul', 0],
    ['👩‍👩‍👧 New', 'new', 9],
    ['a\u0000b\u200dc New', 'new', 6],
    ['中the国', 'the', 1],
    ['e\u0301 THE', 'the', 3],
  ])('%j', (text, token, start) => {
    const { ids, starts, ends } = tokenizer.encode(text);
    const first = [...starts].indexOf(start);
    expect(first).toBeGreaterThanOrEqual(0);
    const id = vocab[token];
    if (id === undefined) expect(text.slice(start, ends.at(-1))).toBe(text);
    else expect([ids[first], (ends[first] ?? 0) - start]).toEqual([id, token.length]);
  });
});

function cutsPair(text: string, at: number): boolean {
  const [high, low] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
}
