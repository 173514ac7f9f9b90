import { describe, expect, it } from 'vitest';
import {
  evaluateExpression,
  type Scope,
  type Series,
} from '#local/services/cloudwatch/metric-math.ts';

const series: Record<string, Series> = {
  a: new Map([
    [0, 4],
    [60, 9],
  ]),
  b: new Map([
    [0, 2],
    [120, 0],
  ]),
};
const scope: Scope = {
  metric: (id) => series[id] ?? new Map(),
  times: () => [0, 60, 120],
  spend: () => undefined,
};
const run = (text: string) => {
  const value = evaluateExpression(text, scope);
  return typeof value === 'number' ? value : [...value];
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
