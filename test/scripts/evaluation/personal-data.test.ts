import { expect, test } from 'vitest';
import { scorePersonalData } from '../../../scripts/evaluation/personal-data-scores.ts';
import { readPresidio } from '../../../scripts/evaluation/presidio-file.ts';

test("reads Presidio's JSON, whose offsets are code points", () => {
  const json = JSON.stringify([
    {
      full_text: '😀 Call 555',
      masked: '',
      spans: [
        { entity_type: 'PHONE_NUMBER', entity_value: '555', start_position: 7, end_position: 10 },
      ],
    },
  ]);
  const [first] = readPresidio(json);
  const [span] = first?.spans ?? [];
  expect(first?.text.slice(span?.start, span?.end)).toBe('555');
});

test('names the field at fault', () => {
  expect(() => readPresidio('[{"full_text":"a","spans":[{}]}]')).toThrow(/0\.spans\.0/);
  expect(() => readPresidio('{')).toThrow(/Presidio's JSON/);
});

const texts = [
  {
    expected: [
      { type: 'EMAIL_ADDRESS', start: 0, end: 10 },
      { type: 'STREET_ADDRESS', start: 20, end: 30 },
      { type: 'PERSON', start: 40, end: 45 },
    ],
    predicted: [
      { kind: 'EMAIL', start: 0, end: 10 },
      { kind: 'ADDRESS', start: 25, end: 35 },
      { kind: 'AGE', start: 40, end: 45 },
    ],
  },
];

test('overlapping spans of an allowed kind count, and exact ones beside them', () => {
  const overlap = scorePersonalData(texts, 'overlap');
  expect(overlap.all).toMatchObject({ precision: 2 / 3, recall: 2 / 3, support: 3 });
  expect(overlap.structured).toMatchObject({ precision: 1, recall: 1, f1: 1, support: 1 });
  expect(overlap.types).toMatchObject({ STREET_ADDRESS: { recall: 1 }, PERSON: { recall: 0 } });
  expect(overlap.kinds).toMatchObject({ AGE: { precision: 0, found: 1 } });
  expect(scorePersonalData(texts, 'exact').all).toMatchObject({ precision: 1 / 3, recall: 1 / 3 });
});
