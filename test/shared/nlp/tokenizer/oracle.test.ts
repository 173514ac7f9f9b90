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
  readonly cases: readonly {
    readonly name: string;
    readonly tokenizer: string;
    readonly normalizer: object;
    readonly encodings: readonly PackedEncoding[];
  }[];
}

const oracle = readOracle<TokenizerOracle>('tokenizer.json.gz');

describe("Hugging Face tokenizers' own encodings", () => {
  test('are of enough texts', () => {
    expect(oracle.texts.length).toBeGreaterThan(20_000);
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
        if (expected.some((values, part) => !same(given[part], values))) {
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
