import { describe, expect, test } from 'vitest';
import { scoreEntities } from '../../../scripts/evaluation/entity-scores.ts';
import { readTaggedSentences } from '../../../scripts/evaluation/tagged-sentences.ts';
import {
  entitiesOfSpans,
  entitiesOfTags,
  mapTag,
} from '../../../scripts/evaluation/word-entities.ts';

describe('tagged sentences', () => {
  test('reads columns parted by spaces, without the document marks', () => {
    const text =
      '-DOCSTART- -X- -X- O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n\nPeter NNP I-NP I-PER\n';
    expect(readTaggedSentences(text)).toEqual([
      { words: ['EU', 'rejects'], tags: ['I-ORG', 'O'] },
      { words: ['Peter'], tags: ['I-PER'] },
    ]);
  });

  test('reads columns parted by tabs and lines ended the Windows way', () => {
    expect(readTaggedSentences('Sonmarg\tB-location\r\n,\tO\r\n')).toEqual([
      { words: ['Sonmarg', ','], tags: ['B-location', 'O'] },
    ]);
  });

  test('names the line without a tag', () => {
    expect(() => readTaggedSentences('EU I-ORG\nrejects\n')).toThrow(/line 2/);
    expect(() => readTaggedSentences('EU X-ORG\n')).toThrow(/line 1/);
  });

  test("turns WNUT-17's types into those of CoNLL-2003", () => {
    expect(['B-creative-work', 'I-corporation', 'O', 'B-PER'].map(mapTag)).toEqual([
      'B-MISC',
      'I-ORG',
      'O',
      'B-PER',
    ]);
  });
});

describe('entities of tags', () => {
  test.each([
    ['IOB1, neighbours of one type', 'I-PER I-PER B-PER O I-LOC', 'PER 0-1, PER 2-2, LOC 4-4'],
    ['IOB2', 'B-PER I-PER B-PER B-LOC I-LOC', 'PER 0-1, PER 2-2, LOC 3-4'],
    ['a type that changes inside', 'B-PER I-LOC I-LOC', 'PER 0-0, LOC 1-2'],
    ['nothing', 'O O', ''],
  ])('%s', (_, tags, expected) => {
    expect(shown(entitiesOfTags(tags.split(' ')))).toBe(expected);
  });
});

describe('entities of spans', () => {
  const words = ['Angela', 'Merkel', 'visited', 'New', 'York', '.'];

  test('finds the words a span overlaps, however little', () => {
    const spans = [
      { type: 'LOC', start: 22, end: 30 },
      { type: 'PER', start: 0, end: 13 },
    ];
    expect(shown(entitiesOfSpans(words, spans))).toBe('PER 0-1, LOC 3-4');
    expect(shown(entitiesOfSpans(words, [{ type: 'LOC', start: 24, end: 27 }]))).toBe('LOC 3-4');
  });

  test('gives a word to the first of two entities in it', () => {
    const spans = [
      { type: 'PER', start: 0, end: 3 },
      { type: 'ORG', start: 3, end: 6 },
    ];
    expect(shown(entitiesOfSpans(words, spans))).toBe('PER 0-0');
  });
});

test('precision, recall and F1 by hand', () => {
  const of = (tags: string) => entitiesOfTags(tags.split(' '));
  const scores = scoreEntities([
    { expected: of('B-PER I-PER O B-LOC'), predicted: of('B-PER I-PER O B-ORG') },
    { expected: of('B-LOC O O'), predicted: of('B-LOC I-LOC O') },
    { expected: of('B-LOC O'), predicted: of('B-LOC O') },
  ]);
  // 2 right of 4 predicted and of 4 expected.
  expect(scores.overall).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5, support: 4 });
  expect(scores.types.PER).toEqual({ precision: 1, recall: 1, f1: 1, support: 1 });
  expect(scores.types.LOC).toMatchObject({ precision: 0.5, recall: 1 / 3, support: 3 });
  expect(scores.types.ORG).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 });
});

function shown(entities: readonly { type: string; first: number; last: number }[]): string {
  return entities.map(({ type, first, last }) => `${type} ${first}-${last}`).join(', ');
}
