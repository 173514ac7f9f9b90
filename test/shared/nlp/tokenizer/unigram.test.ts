import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelError } from '#shared/errors.ts';
import { createUnigram } from '#shared/nlp/tokenizer/model/unigram.ts';
import { IntegerList, TextBuffer } from '#shared/nlp/tokenizer/text-buffer.ts';

type Piece = readonly [string, number];

function unigram(pieces: readonly Piece[], byteFallback = false) {
  return createUnigram({
    vocabulary: {
      tokens: pieces.map(([piece]) => piece),
      ids: Int32Array.from(pieces, (_, id) => id),
    },
    scores: Float64Array.from(pieces, ([, score]) => score),
    unknown: 0,
    byteFallback,
  });
}

/** Id and text of each token. */
function tokensOf(model: ReturnType<typeof unigram>, word: string): (readonly [number, string])[] {
  const buffer = new TextBuffer();
  buffer.reserve(word.length);
  for (let i = 0; i < word.length; i++) buffer.push(word.charCodeAt(i), i, i + 1);
  const tokens = new IntegerList();
  model.tokenize(buffer, 0, buffer.length, tokens);
  return Array.from({ length: tokens.length / 3 }, (_, t) => {
    const [id = -1, start = -1, end = -1] = tokens.values.slice(t * 3, t * 3 + 3);
    return [id, word.slice(start, end)] as const;
  });
}

const letters: readonly Piece[] = [
  ['<unk>', 0],
  ['a', -3],
  ['b', -3],
  ['ab', -4],
  ['ba', -4.5],
  ['aba', -6],
];

describe('Unigram', () => {
  test('cuts a word where the summed scores are highest', () => {
    expect(tokensOf(unigram(letters), 'abab')).toEqual([
      [3, 'ab'],
      [3, 'ab'],
    ]);
    expect(tokensOf(unigram(letters), 'aba')).toEqual([[5, 'aba']]);
  });

  test('makes one token of neighbours that are unknown, surrogate pairs among them', () => {
    expect(tokensOf(unigram(letters), 'a😀xb')).toEqual([
      [1, 'a'],
      [0, '😀x'],
      [2, 'b'],
    ]);
  });

  test('spells what is unknown in bytes where the vocabulary has them', () => {
    // Prepare
    const bytes = [0xc3, 0xa9].map((byte): Piece => [`<0x${byte.toString(16).toUpperCase()}>`, 0]);
    const model = unigram([...letters, ...bytes], true);

    // Assess
    expect(tokensOf(model, 'aé')).toEqual([
      [1, 'a'],
      [6, 'é'],
      [7, 'é'],
    ]);
    expect(tokensOf(model, 'aêa')).toEqual([
      [1, 'a'],
      [0, 'ê'],
      [1, 'a'],
    ]);
  });

  test('finds the best of all ways', () => {
    const piece = fc.string({
      unit: fc.constantFrom('a', 'b', 'c', '😀'),
      minLength: 1,
      maxLength: 4,
    });
    const scored = fc.tuple(piece, fc.integer({ min: -20, max: -1 }));
    fc.assert(
      fc.property(
        fc.array(scored, { maxLength: 12 }),
        fc.array(piece, { minLength: 1, maxLength: 4 }),
        (pieces, parts) => {
          // Prepare
          const vocabulary: Piece[] = [['<unk>', 0], ...new Map(pieces)];
          const word = parts.join('');
          const least = Math.min(...vocabulary.map(([, score]) => score)) - 10;

          // Act
          const tokens = tokensOf(unigram(vocabulary), word);

          // Assess
          const score = tokens.reduce(
            (sum, [id, text]) =>
              sum + (id === 0 ? least * [...text].length : (vocabulary[id]?.[1] ?? 0)),
            0,
          );
          expect(tokens.map(([, text]) => text).join('')).toBe(word);
          expect(score).toBe(bestOfAll(new Map(vocabulary.slice(1)), least, [...word]));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('refuses a vocabulary without an unknown token', () => {
    const vocabulary = { tokens: ['a'], ids: Int32Array.of(0) };
    const options = { vocabulary, scores: Float64Array.of(-1), byteFallback: false };
    expect(() => createUnigram({ ...options, unknown: undefined })).toThrow(ModelError);
    expect(() => createUnigram({ ...options, unknown: 1 })).toThrow('unk_id');
  });
});

/** Tries every way to cut a word. */
function bestOfAll(
  scores: ReadonlyMap<string, number>,
  unknown: number,
  word: readonly string[],
): number {
  if (word.length === 0) return 0;
  const ways = word.map((_, index) => {
    const first = word.slice(0, index + 1).join('');
    const score = scores.get(first) ?? (index === 0 ? unknown : undefined);
    return score === undefined
      ? Number.NEGATIVE_INFINITY
      : score + bestOfAll(scores, unknown, word.slice(index + 1));
  });
  return Math.max(...ways);
}
