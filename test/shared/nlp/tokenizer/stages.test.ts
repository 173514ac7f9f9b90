import { describe, expect, test } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { readOracle } from '../oracle-file.ts';

/** What `fixtures/oracles/make-stages.py` writes. */
interface StagesOracle {
  readonly models: readonly object[];
  readonly cases: readonly {
    readonly model: number;
    readonly stages: object;
    /** A text, and id, start, end and word of each of its tokens. */
    readonly encodings: readonly (readonly [string, readonly number[]])[];
  }[];
}

const { models, cases } = readOracle<StagesOracle>('stages.json.gz');

describe('stages put together by chance give what Hugging Face tokenizers give', () => {
  test('are many', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(cases.flatMap((layout) => layout.encodings).length).toBeGreaterThan(3_000);
  });

  test.each(cases.map((layout, number) => [number, layout] as const))(
    'layout %i',
    (_, { model, stages, encodings }) => {
      const tokenizer = createTokenizer({ ...stages, model: models[model] });
      for (const [text, expected] of encodings) {
        const { ids, starts, ends, wordIds } = tokenizer.encode(text);
        const given = Array.from(ids, (id, i) => [id, starts[i], ends[i], wordIds[i]]).flat();
        expect(given, JSON.stringify({ text, stages })).toEqual(expected);
      }
    },
  );
});
