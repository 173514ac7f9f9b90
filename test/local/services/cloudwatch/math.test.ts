import { describe, expect, it } from 'vitest';
import { evaluateExpression, tokensOf } from '#local/services/cloudwatch/metric-math.ts';

const series: Record<string, ReadonlyMap<number, number>> = {
  a: new Map([
    [0, 4],
    [60, 9],
  ]),
  b: new Map([
    [0, 2],
    [120, 0],
  ]),
};
const run = (text: string) => {
  const points = [0, 60, 120].map((time) => {
    const pointOf = (id: string) => series[id]?.get(time) ?? Number.NaN;
    return { time, ...evaluateExpression(tokensOf(text), pointOf) };
  });
  if (!points[0]?.isSeries) return points[0]?.point;
  return points.filter(({ point }) => !Number.isNaN(point)).map(({ time, point }) => [time, point]);
};

describe('metric math', () => {
  it.each([
    ['1 + 2 * 3 - -4 / 2', 9],
    [
      '-a',
      [
        [0, -4],
        [60, -9],
      ],
    ],
    ['(1 + 2) * 3', 9],
    ['8 - 2 - 1', 5],
    ['a + b', [[0, 6]]],
    ['100 * a / b', [[0, 200]]],
    ['a / 0', []],
    [
      'FILL(b, 7)',
      [
        [0, 2],
        [60, 7],
        [120, 0],
      ],
    ],
    [
      'FILL(a, 0) / (FILL(a, 0) + FILL(b, 0))',
      [
        [0, 4 / 6],
        [60, 1],
      ],
    ],
    [
      '(FILL(a, 0) + FILL(b, 0)) - 2e0',
      [
        [0, 4],
        [60, 7],
        [120, -2],
      ],
    ],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected);
  });

  it.each([
    '1 +',
    'a b',
    '(a',
    'a $ b',
    'a )',
    '',
    'FILL(a)',
    'FILL(1, 0)',
    'FILL(a, b)',
    'FILL(a, 1 / 0)',
    'NOSUCH(a)',
    'toString(a)',
    'constructor(a)',
  ])('refuses %j by its text', (text) => {
    expect(() => run(text)).toThrow(/Expression/);
  });
});
