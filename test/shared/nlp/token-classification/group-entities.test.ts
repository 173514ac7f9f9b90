import { describe, expect, it } from 'vitest';
import {
  type Aggregation,
  groupEntities,
} from '#shared/nlp/token-classification/group-entities.ts';
import { labelSchemes, type MayFollow } from '#shared/nlp/token-classification/label-sequence.ts';
import { parseLabels } from '#shared/nlp/token-classification/labels.ts';

const iob2 = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'];
const bioes = ['O', 'B-PER', 'I-PER', 'E-PER', 'S-PER'];

/** Tokens as [spelling, probabilities by label]; `##` continues a word, a space parts words. */
function entities(
  tokens: readonly (readonly [string, Readonly<Record<string, number>>])[],
  aggregation: Aggregation,
  names = iob2,
  mayFollow?: MayFollow,
) {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  for (const [spelling] of tokens) {
    const continues = spelling.startsWith('##');
    if (!continues && text !== '') text += ' ';
    starts.push(text.length);
    text += continues ? spelling.slice(2) : spelling;
    ends.push(text.length);
  }
  const logits = tokens.flatMap(([, probabilities]) =>
    names.map((name) => Math.log(probabilities[name] ?? 1e-9)),
  );
  return groupEntities(
    {
      text,
      starts: Int32Array.from(starts),
      ends: Int32Array.from(ends),
      continues: Uint8Array.from(tokens, ([spelling]) => (spelling.startsWith('##') ? 1 : 0)),
      logits: Float32Array.from(logits),
    },
    parseLabels(names),
    aggregation,
    mayFollow,
  );
}

const brief = (found: ReturnType<typeof entities>) =>
  found.map(({ type, text }) => `${type}:${text}`);

describe('groupEntities', () => {
  const torn = [
    ['Micro', { 'B-PER': 0.6, O: 0.4 }],
    ['##soft', { 'B-LOC': 0.9, O: 0.1 }],
    ['is', { O: 1 }],
  ] as const;

  it('none gives each token with its whole label', () => {
    expect(brief(entities(torn, 'none'))).toEqual(['B-PER:Micro', 'B-LOC:soft']);
  });

  it('simple may tear a word', () => {
    expect(brief(entities(torn, 'simple'))).toEqual(['PER:Micro', 'LOC:soft']);
  });

  it('first gives a word the label and score of its first token', () => {
    const [entity] = entities(torn, 'first');

    expect(entity).toMatchObject({ type: 'PER', text: 'Microsoft', start: 0, end: 9 });
    expect(entity?.score).toBeCloseTo(0.6, 5);
  });

  it('max gives a word the label and score of its surest token', () => {
    const [entity] = entities(torn, 'max');

    expect(entity).toMatchObject({ type: 'LOC', text: 'Microsoft' });
    expect(entity?.score).toBeCloseTo(0.9, 5);
  });

  it('average gives a word the label that is best on average', () => {
    const [entity] = entities(torn, 'average');

    expect(entity).toMatchObject({ type: 'LOC', text: 'Microsoft' });
    expect(entity?.score).toBeCloseTo(0.45, 5);
  });

  it('within a scheme scores a word by its type, in however many tokens it is', () => {
    const tokens = [
      ['Kubr', { 'B-PER': 0.9, O: 0.1 }],
      ['##ick', { 'I-PER': 0.7, 'I-LOC': 0.1, O: 0.2 }],
    ] as const;

    expect(entities(tokens, 'average')[0]?.score).toBeCloseTo(0.45, 5);
    expect(entities(tokens, 'average', iob2, labelSchemes.IOB2)).toMatchObject([
      { type: 'PER', text: 'Kubrick', score: expect.closeTo(0.8, 5) },
    ]);
  });

  it('joins inside labels of one type, averages their scores and parts at a beginning', () => {
    const found = entities(
      [
        ['Ada', { 'B-PER': 0.8, O: 0.2 }],
        ['King', { 'I-PER': 0.6, O: 0.4 }],
        ['Bob', { 'B-PER': 1 }],
        ['Rome', { 'I-LOC': 1 }],
      ],
      'first',
    );

    expect(brief(found)).toEqual(['PER:Ada King', 'PER:Bob', 'LOC:Rome']);
    expect(found[0]?.score).toBeCloseTo(0.7, 5);
  });

  it('reads IOB1, where an entity starts with an inside label', () => {
    const found = entities(
      [
        ['Ada', { 'I-PER': 1 }],
        ['King', { 'I-PER': 1 }],
        ['Bob', { 'B-PER': 1 }],
      ],
      'first',
    );

    expect(brief(found)).toEqual(['PER:Ada King', 'PER:Bob']);
  });

  it('reads BIOES as whole entities', () => {
    const found = entities(
      [
        ['Ada', { 'B-PER': 1 }],
        ['King', { 'E-PER': 1 }],
        ['Bob', { 'S-PER': 1 }],
        ['Eve', { 'I-PER': 1 }],
      ],
      'first',
      bioes,
    );

    expect(brief(found)).toEqual(['PER:Ada King', 'PER:Bob', 'PER:Eve']);
  });

  it('finds nothing in no tokens', () => {
    expect(entities([], 'first')).toEqual([]);
  });
});
