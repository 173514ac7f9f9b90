import { describe, expect, test } from 'vitest';
import { bestNullThreshold } from '../../../scripts/evaluation/null-threshold.ts';
import { readSquad } from '../../../scripts/evaluation/squad-file.ts';
import { normalizeAnswer, scoreAnswer } from '../../../scripts/evaluation/squad-scores.ts';
import { makeUnanswerable } from '../../../scripts/evaluation/unanswerable.ts';

describe("SQuAD's measure", () => {
  test('compares without case, articles, punctuation and superfluous white space', () => {
    expect(normalizeAnswer('  The "Denver  Broncos", a team!')).toBe('denver broncos team');
    expect(normalizeAnswer('Theory of anthems')).toBe('theory of anthems');
  });

  test.each([
    [['Denver Broncos'], 'the Denver Broncos.', 1, 1],
    [['Denver Broncos'], 'Denver', 0, 2 / 3],
    [['Denver', 'Denver Broncos'], 'Broncos', 0, 2 / 3],
    [['new new york'], 'new york york', 0, 2 / 3],
    [['Denver'], null, 0, 0],
    [[], null, 1, 1],
    [[], 'Denver', 0, 0],
  ])('%j against %j', (expected, given, exactMatch, f1) => {
    const score = scoreAnswer(expected, given);
    expect(score.exactMatch).toBe(exactMatch);
    expect(score.f1).toBeCloseTo(f1, 12);
  });
});

const file = (...contexts: string[]) => ({
  data: [
    {
      title: 'City',
      paragraphs: contexts.map((context, number) => ({
        context,
        qas: [
          { question: `Q${number}`, answers: [{ text: context.split(' ')[0], answer_start: 0 }] },
          { question: 'never', is_impossible: true, answers: [] },
        ],
      })),
    },
  ],
});

test('reads SQuAD files of both versions', () => {
  expect(readSquad(file('Denver is high.'))).toEqual([
    { article: 0, context: 'Denver is high.', question: 'Q0', answers: ['Denver'] },
    { article: 0, context: 'Denver is high.', question: 'never', answers: [] },
  ]);
  expect(() => readSquad({ data: [{ paragraphs: [{ qas: [] }] }] })).toThrow(
    /data\[0\]\.paragraphs\[0\]\.context/,
  );
});

test('unanswerable pairs take another paragraph, and one without the answer', () => {
  const examples = readSquad(file('Denver is high.', 'Boulder is near Denver.', 'Aspen is far.'));
  const asked = examples.filter(({ question }) => question !== 'never');

  const pairs = makeUnanswerable(asked, 1);

  expect(pairs.find(({ question }) => question === 'Q0')?.context).toBe('Aspen is far.');
  expect(pairs).toHaveLength(3);
  for (const { question, context, answers } of pairs) {
    expect(answers).toEqual([]);
    expect(asked.find((example) => example.question === question)?.context).not.toBe(context);
  }
  expect(makeUnanswerable(asked, 1)).toEqual(pairs);
});

test('the best null threshold declines what is better declined', () => {
  const points = [
    { margin: -0.9, answered: 1, declined: 0 },
    { margin: -0.5, answered: 0.5, declined: 0 },
    { margin: -0.2, answered: 0, declined: 1 },
    { margin: -0.1, answered: 0, declined: 1 },
  ];
  expect(bestNullThreshold(points)).toEqual({ threshold: -0.5, total: 3.5 });
  expect(bestNullThreshold([])).toEqual({ threshold: 1, total: 0 });
});
