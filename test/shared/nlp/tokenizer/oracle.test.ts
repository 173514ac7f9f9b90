import { describe, expect, test } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import type { Encoding } from '#shared/nlp/types.ts';
import { readOracle } from '../oracle-file.ts';

/** Ids; gap before each token; its length; step to its word's number. */
type PackedEncoding = readonly [
  readonly number[],
  readonly number[],
  readonly number[],
  readonly number[],
];

interface TokenizerOracle {
  readonly texts: readonly string[];
  readonly reordered: readonly number[];
  readonly cases: readonly {
    readonly name: string;
    readonly tokenizer: string;
    readonly normalizer: object;
    readonly encodings: readonly PackedEncoding[];
  }[];
}

const oracle = readOracle<TokenizerOracle>('tokenizer.json.gz');
const reordered = new Set(oracle.reordered);

describe("Hugging Face tokenizers' own encodings", () => {
  test('enough texts, few of them with a known divergence', () => {
    expect(oracle.texts.length).toBeGreaterThan(20_000);
    expect(reordered.size).toBeLessThan(oracle.texts.length / 100);
  });

  test.each(oracle.cases)(
    '$name',
    ({ tokenizer: file, normalizer, encodings }) => {
      // Prepare
      const tokenizer = createTokenizer({ ...readOracle<object>(file), normalizer });

      // Act
      const different: unknown[] = [];
      encodings.forEach((expected, index) => {
        const text = oracle.texts[index] ?? '';
        const given = pack(tokenizer.encode(text));
        const compared = reordered.has(index) ? [0, 3] : [0, 1, 2, 3];
        if (compared.some((part) => !same(given[part], expected[part]))) {
          different.push({ text, given, expected });
        }
      });

      // Assess
      expect(different.slice(0, 5)).toEqual([]);
      expect(encodings.length).toBeGreaterThanOrEqual(3_000);
    },
    120_000,
  );
});

function same(left: readonly number[] = [], right: readonly number[] = []): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}

function pack({ ids, starts, ends, wordIds }: Encoding): PackedEncoding {
  const gaps: number[] = [];
  const lengths: number[] = [];
  const steps: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    gaps.push((starts[i] ?? 0) - (ends[i - 1] ?? 0));
    lengths.push((ends[i] ?? 0) - (starts[i] ?? 0));
    steps.push((wordIds[i] ?? 0) - (wordIds[i - 1] ?? 0));
  }
  return [[...ids], gaps, lengths, steps];
}
