import { describe, expect, it } from 'vitest';
import { createContinuations } from '#shared/nlp/token-classification/continuations.ts';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { trimSpan } from '#shared/nlp/windows/trim-span.ts';
import { readOracle } from './oracle-file.ts';
import { createTestHead, rowOf } from './test-head.ts';

const tokenizerOf = (family: string) =>
  createTokenizer(readOracle<{ tokenizer: unknown }>(`../tokenizers/${family}.json.gz`).tokenizer);
const TEXT = ' Zürich, (Ada King) wrote re-reading.';

/** A text's words, each with the tag of its first token, as a head gives them that tags each token by its place. */
function wordsOf(family: string): string[] {
  const labels = Array.from({ length: 64 }, (_, index) => String(index));
  const job = createTestHead('tags', tokenizerOf(family), { labels })(TEXT);
  const tags = job.decode(
    job.windows.map(({ ids }) => {
      const values = new Float32Array(ids.length * labels.length);
      ids.forEach((_, row) => {
        values[row * labels.length + row] = 9;
      });
      return { logits: rowOf(values, labels.length) };
    }),
  );
  const places = tags.map(({ tag }) => Number(tag));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  return tags.map(({ start, end }) => TEXT.slice(start, end));
}

describe('words of tags', () => {
  it.each([
    ['bert-cased', 'Zürich|,|(|Ada|King|)|wrote|re|-|reading|.'],
    ['roberta', 'Zürich|,|(|Ada|King|)|wrote|re|-|reading|.'],
    ['xlm-roberta', 'Zürich,|(Ada|King)|wrote|re-reading.'],
    ['deberta-v3', 'Zürich,|(Ada|King)|wrote|re-reading.'],
    ['mistral', 'Zürich,|(Ada|King)|wrote|re-reading.'],
  ])('are the pre-tokenizer’s, without the space around them: %s', (family, words) => {
    expect(wordsOf(family).join('|')).toBe(words);
  });
});

describe('tokens that continue a word', () => {
  /** Runs of tokens that the pipeline takes for one word. */
  const runsOf = (family: string, text: string) => {
    const tokenizer = tokenizerOf(family);
    const encoding = tokenizer.encode(text);
    const continues = createContinuations(tokenizer)(encoding, text);
    const runs: string[] = [];
    encoding.starts.forEach((start, token) => {
      const piece = text.slice(start, encoding.ends[token]).trim();
      if (continues[token]) runs.push((runs.pop() ?? '') + piece);
      else runs.push(piece);
    });
    return runs;
  };

  it('are told by their spelling where a prefix marks them', () => {
    expect(runsOf('bert-cased', 'Zürich, unbelievable')).toEqual(['Zürich', ',', 'unbelievable']);
  });

  it.each(['roberta', 'xlm-roberta'])('are all up to the next space elsewhere: %s', (family) => {
    expect(runsOf(family, 'Zürich, (unbelievable) x')).toEqual(['Zürich,', '(unbelievable)', 'x']);
  });
});

describe('trimSpan', () => {
  it.each([
    [' a b ', 'a b'],
    ['\u00a0\u3000a\u2029', 'a'],
    ['a', 'a'],
    [' \t\n', ''],
    ['', ''],
  ])('leaves out the white space at the ends of %j', (text, inner) => {
    const { start, end } = trimSpan(`x${text}x`, 1, text.length + 1);

    expect(`x${text}x`.slice(start, end)).toBe(inner);
  });
});
