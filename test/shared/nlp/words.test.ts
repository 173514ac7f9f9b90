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

describe('words of labels', () => {
  const labels = ['B-PROPN', 'I-PROPN', 'B-ADP', 'I-ADP', 'B-VERB', 'I-VERB'];
  const settings = { labelScheme: 'IOB2' };
  const text = ' 東京に行く。';
  const words = [
    ['東京', 'PROPN'],
    ['に', 'ADP'],
    ['行く', 'VERB'],
    ['。', 'ADP'],
  ] as const;

  /** What is given where each token is surest of `labelOf`. */
  function tagsBy(labelOf: (start: number, before: number) => string) {
    const tokenizer = tokenizerOf('xlm-roberta');
    const { starts } = tokenizer.encode(text);
    const job = createTestHead('tags', tokenizer, { labels, settings })(text);
    return job.decode(
      job.windows.map(({ ids }) => {
        const values = new Float32Array(ids.length * labels.length);
        starts.forEach((start, token) => {
          const label = labelOf(start, starts[token - 1] ?? -1);
          // The first row is the special token's.
          values[(token + 1) * labels.length + labels.indexOf(label)] = 9;
        });
        return { logits: rowOf(values, labels.length) };
      }),
    );
  }
  /** Which word stands at an offset. */
  const wordAt = (offset: number): number => {
    let end = 1;
    const found = words.findIndex(([word]) => {
      end += word.length;
      return offset < end;
    });
    return offset < 0 ? -1 : found;
  };

  it('are parted where no space parts them, without the space around them', () => {
    const tags = tagsBy((start, before) => {
      const begins = wordAt(start) !== wordAt(before);
      return `${begins ? 'B' : 'I'}-${words[wordAt(start)]?.[1]}`;
    });

    expect(tags.map(({ tag, start, end }) => [text.slice(start, end), tag])).toEqual(words);
  });

  it('begin before they go on', () => {
    expect(tagsBy(() => 'I-VERB')).toMatchObject([{ tag: 'VERB', start: 1, end: text.length }]);
  });
});

describe('tokens that continue a word', () => {
  /** Runs of tokens that the pipeline takes for one word. */
  const runsOf = (family: string, text: string, words?: 'letters') => {
    const tokenizer = tokenizerOf(family);
    const encoding = tokenizer.encode(text);
    const continues = createContinuations(tokenizer, words)(encoding, text);
    const runs: string[] = [];
    encoding.starts.forEach((start, token) => {
      const piece = text.slice(start, encoding.ends[token]).trim();
      if (continues[token]) runs.push((runs.pop() ?? '') + piece);
      else runs.push(piece);
    });
    return runs;
  };

  it.each(['xlm-roberta', 'bert-cased'])(
    'are runs of letters and digits where a model asks for that: %s',
    (family) => {
      const text = 'unbelievable, (Adabel) 京A4\u{1d400}x';

      expect(runsOf(family, text, 'letters').filter((run, i, all) => run !== all[i - 1])).toEqual([
        ...['unbelievable', ',', '(', 'Adabel', ')'],
        ...['京', 'A4\u{1d400}x'],
      ]);
    },
  );

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
