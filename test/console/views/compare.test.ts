import { describe, expect, it } from 'vitest';
import { contentsOf, rowsOf } from '../../../console/views/record/compare.ts';
import { resultOf } from './results.ts';

const entity = (type: string, start: number, end: number, score: number) => ({
  type,
  text: 'Ada Lovelace lived in London.'.slice(start, end),
  start,
  end,
  score,
});

describe('the results of a record', () => {
  it('stand side by side where they are of one content', () => {
    const results = [
      resultOf({ pipelineVersion: 'v2' }),
      resultOf({ contentHash: 'c2' }),
      resultOf({ pipelineVersion: 'v1' }),
    ];

    expect(contentsOf(results)).toEqual([[results[0], results[2]], [results[1]]]);
  });

  it('are compared place by place', () => {
    const answer = (text: string | null) => ({
      question: 'Where?',
      text,
      start: null,
      end: null,
      score: 0.7,
      noAnswerScore: 0.2,
    });
    const newer = resultOf({
      entities: [entity('PER', 0, 12, 0.991), entity('ORG', 22, 28, 0.6)],
      answers: [answer('London')],
      labels: [{ task: 'sentiment', label: 'neutral', score: 0.8 }],
    });
    const older = resultOf({
      pipelineVersion: 'v0',
      entities: [
        entity('PER', 0, 12, 0.99),
        entity('LOC', 22, 28, 0.9),
        entity('MISC', 4, 12, 0.4),
      ],
      answers: [answer(null)],
      labels: [{ task: 'sentiment', label: 'neutral', score: 0.6 }],
    });

    const rows = rowsOf([newer, older]).map(({ where, cells, change }) => [
      where,
      ...cells.map((cell) => cell?.value),
      change,
    ]);

    expect(rows).toEqual([
      ['Ada Lovelace', 'PER', 'PER', 'same'],
      ['Lovelace', undefined, 'MISC', 'value'],
      ['London', 'ORG', 'LOC', 'value'],
      ['Where?', 'London', '–', 'value'],
      ['sentiment', 'neutral', 'neutral', 'score'],
    ]);
  });
});
