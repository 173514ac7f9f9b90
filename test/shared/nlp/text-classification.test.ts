import { describe, expect, it } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { createTestHead, rowOf } from './test-head.ts';
import { readTinyJson } from './tiny-session.ts';

const tokenizer = createTokenizer(readTinyJson('tiny-ner/tokenizer.json'));
const labels = ['bad', 'fair', 'good'];
const LOGITS = [-1, 0.5, 2];

function classify(
  options: Parameters<typeof createTestHead>[2],
  asked: { topK?: number } = {},
  logits = LOGITS,
) {
  const job = createTestHead('labels', tokenizer, { labels, ...options })('Some text.', asked);
  return job.decode(job.windows.map(() => ({ logits: rowOf(logits) })));
}

const brief = (found: ReturnType<typeof classify>) =>
  found.map(({ label, score }) => [label, Number(score.toFixed(4))]);

describe('labels of a text', () => {
  it('are the best one, by softmax, under the name of the head', () => {
    expect(classify({})).toMatchObject([{ task: 'labels', label: 'good' }]);
    expect(brief(classify({}, { topK: 3 }))).toEqual([
      ['good', 0.7856],
      ['fair', 0.1753],
      ['bad', 0.0391],
    ]);
  });

  it('are as many as the settings say, unless the request does', () => {
    const options = { settings: { topK: 2 } };

    expect(classify(options)).toHaveLength(2);
    expect(classify(options, { topK: 1 })).toHaveLength(1);
  });

  it('are all that are likely, by sigmoid, where they do not exclude each other', () => {
    const problemType = 'multi_label_classification';

    expect(brief(classify({ problemType }))).toEqual([
      ['good', 0.8808],
      ['fair', 0.6225],
    ]);
    expect(
      brief(classify({ problemType, settings: { thresholds: { bad: 0.2, fair: 0.9 } } })),
    ).toEqual([
      ['good', 0.8808],
      ['bad', 0.2689],
    ]);
  });

  it('are left out under their threshold, also where that leaves none', () => {
    expect(classify({ settings: { thresholds: { good: 0.9, fair: 0.1 } } })).toMatchObject([
      { label: 'fair' },
    ]);
    expect(classify({ settings: { thresholds: { good: 1, fair: 1, bad: 1 } } })).toEqual([]);
  });

  it('of a model of one label are its probability, however low', () => {
    expect(brief(classify({ labels: ['toxic'] }, {}, [-3]))).toEqual([['toxic', 0.0474]]);
  });

  it('of a regression are the number itself', () => {
    const options = { labels: ['stars'], problemType: 'regression' };

    expect(brief(classify(options, {}, [3.5]))).toEqual([['stars', 3.5]]);
    expect(brief(classify({ ...options, settings: { activation: 'sigmoid' } }, {}, [0]))).toEqual([
      ['stars', 0.5],
    ]);
  });

  it('of a long text are of the mean of its windows, each by the tokens that it owns', () => {
    const head = createTestHead('labels', tokenizer, { labels, maximumLength: 12, overlap: 2 });
    // Ten tokens fit; the second window begins at the eighth, and owns those from the ninth on.
    const job = head('a b c d e f g h i j k l');
    const logits = [
      [0, 0, 0],
      [12, 0, 3],
    ];

    const found = job.decode(logits.map((row) => ({ logits: rowOf(row) })));

    expect(job.windows).toHaveLength(2);
    const [bad, fair, good] = [12, 0, 3].map((logit) => Math.exp((logit * 3) / 12));
    const share = (bad ?? 0) / ((bad ?? 0) + (fair ?? 0) + (good ?? 0));
    expect(found).toEqual([{ task: 'labels', label: 'bad', score: expect.closeTo(share, 6) }]);
  });

  it('are none of a text without a token', () => {
    expect(createTestHead('labels', tokenizer, { labels })(' ').decode([])).toEqual([]);
  });

  it('are refused where the model gives other columns, or no numbers', () => {
    expect(() => classify({}, {}, [1, 2])).toThrow(/logits is of 2 columns, where 3 are needed/);
    expect(() => classify({}, {}, [Number.NaN, 0, 0])).toThrow(/no number/);
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => classify({ settings: { activation: 'none' } }, {}, [odd, 0, 0])).toThrow(
        /no number/,
      );
    }
  });
});
