import { describe, expect, test } from 'vitest';
import { scoreLabels } from '../../../scripts/evaluation/label-scores.ts';
import { readLabelledTexts } from '../../../scripts/evaluation/labelled-texts.ts';
import { readMarkedEntities } from '../../../scripts/evaluation/marked-entities.ts';
import { scoreAnswer } from '../../../scripts/evaluation/squad-scores.ts';
import { gapOf, readPosSentences, tagsOfWords } from '../../../scripts/evaluation/tagged-words.ts';

describe('labelled texts', () => {
  test('GoEmotions in the groups of its paper, each once', () => {
    expect(readLabelledTexts('Thanks!\t15\tid1\nOh no\t25,14,6\tid2\nHm\t27\tid3\n')).toEqual([
      { text: 'Thanks!', labels: ['positive'] },
      { text: 'Oh no', labels: ['negative', 'ambiguous'] },
      { text: 'Hm', labels: ['neutral'] },
    ]);
  });

  test('CoLA', () => {
    expect(readLabelledTexts('gj04\t1\t\tHe ran.\ngj04\t0\t*\tRan he the.\n')).toEqual([
      { text: 'He ran.', labels: ['acceptable'] },
      { text: 'Ran he the.', labels: ['unacceptable'] },
    ]);
  });

  test('CSV with quotes, commas and line breaks in a field', () => {
    expect(readLabelledTexts('text,category\r\nWhere?,card\r\n"a, ""b""\nc",top up\r\n')).toEqual([
      { text: 'Where?', labels: ['card'] },
      { text: 'a, "b"\nc', labels: ['top up'] },
    ]);
  });

  test.each([
    ['a\tb', /line 1/],
    ['ok\t1\tid\nno\t99\tid', /line 2/],
    ['text,label\n"open', /line 2/],
    ['text,label\nonly', /row 2/],
  ])('names the line at fault: %j', (data, message) => {
    expect(() => readLabelledTexts(data)).toThrow(message);
  });
});

describe('scores of labels', () => {
  test('two labels: F1 of each, accuracy, and Matthews as the formula for two has it', () => {
    const pairs = [
      ...Array.from({ length: 6 }, () => ({ expected: ['1'], predicted: ['1'] })),
      ...Array.from({ length: 2 }, () => ({ expected: ['1'], predicted: ['0'] })),
      ...Array.from({ length: 1 }, () => ({ expected: ['0'], predicted: ['1'] })),
      ...Array.from({ length: 3 }, () => ({ expected: ['0'], predicted: ['0'] })),
    ];
    const { accuracy, macroF1, matthews } = scoreLabels(pairs);
    expect(accuracy).toBeCloseTo(9 / 12);
    expect(macroF1).toBeCloseTo((12 / 15 + 6 / 9) / 2);
    expect(matthews).toBeCloseTo((6 * 3 - 1 * 2) / Math.sqrt(7 * 8 * 4 * 5));
  });

  test('several right labels, several given, none given', () => {
    const { accuracy, labels } = scoreLabels([
      { expected: ['a', 'b'], predicted: ['b', 'c'] },
      { expected: ['a'], predicted: [] },
    ]);
    expect(accuracy).toBe(0.5);
    expect(labels).toEqual({ a: { f1: 0, support: 2 }, b: { f1: 1, support: 1 } });
  });
});

describe('parts of speech', () => {
  test('three columns, comments, blank lines', () => {
    expect(readPosSentences('# text = A b\nA\tDET\tDT\n#\tSYM\tNN\n\nb\tNOUN\tNN\n')).toEqual([
      { words: ['A', '#'], tags: ['DET', 'SYM'] },
      { words: ['b'], tags: ['NOUN'] },
    ]);
  });

  test('CoNLL-U without ranges and empty words', () => {
    const row = (id: string, word: string, tag: string) =>
      `${id}\t${word}\t_\t${tag}\t_\t_\t0\troot\t_\t_`;
    const text = `${row('1-2', "don't", '_')}\n${row('1', 'do', 'AUX')}\n${row('2', "n't", 'PART')}\n${row('2.1', 'x', 'X')}\n`;
    expect(readPosSentences(text)).toEqual([{ words: ['do', "n't"], tags: ['AUX', 'PART'] }]);
  });

  test('names the line without a tag', () => {
    expect(() => readPosSentences('A\tDET\nb\n')).toThrow(/line 2/);
  });

  test('a word has the tag over its first unit, else the first one in it', () => {
    const tag = (name: string, start: number, end: number) => ({ tag: name, start, end });
    const given = [tag('A', 0, 2), tag('B', 4, 5), tag('C', 6, 9)];
    expect(tagsOfWords(['ab', 'cd', 'ef', 'g'], ' ', given).map((each) => each?.tag)).toEqual([
      'A',
      'B',
      'C',
      undefined,
    ]);
    const over = tag('A', 0, 4);
    expect(tagsOfWords(['ab', 'cd'], '', [over])).toEqual([over, over]);
  });

  test('words of languages without spaces stand side by side', () => {
    expect([gapOf('ja'), gapOf('zh-Hant'), gapOf('de'), gapOf(undefined)]).toEqual([
      '',
      '',
      ' ',
      ' ',
    ]);
  });
});

test("Stockmark's offsets are code points, its types mapped", () => {
  const json = JSON.stringify([
    {
      text: '𠮷野家は東京',
      entities: [
        { name: '𠮷野家', span: [0, 3], type: '法人名' },
        { name: '東京', span: [4, 6], type: '地名' },
      ],
    },
  ]);
  const [first] = readMarkedEntities(json);
  expect(
    first?.entities.map(({ type, start, end }) => [type, first.text.slice(start, end)]),
  ).toEqual([
    ['ORG', '𠮷野家'],
    ['LOC', '東京'],
  ]);
});

test('answers in Japanese are compared by characters', () => {
  expect(scoreAnswer(['東京大学'], '東京').f1).toBeCloseTo((2 * 1 * 0.5) / 1.5);
});
