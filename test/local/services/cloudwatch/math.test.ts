import { describe, expect, it } from 'vitest';
import type { Scope, Series } from '#local/services/cloudwatch/metric-math.ts';
import { evaluate, parseExpression } from '#local/services/cloudwatch/metric-math.ts';

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
  lookup: (id) => series[id] ?? new Map(),
  metrics: () => Object.values(series),
  times: () => [0, 60, 120],
  spend: () => undefined,
};
const run = (text: string) => {
  const value = evaluate(parseExpression(text), scope);
  return value instanceof Map ? [...value] : value;
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
      'FILL(a, REPEAT)',
      [
        [0, 4],
        [60, 9],
        [120, 9],
      ],
    ],
    ['RATE(a)', [[60, 5 / 60]]],
    [
      'AVG([a, b])',
      [
        [0, 3],
        [60, 9],
        [120, 0],
      ],
    ],
    [
      'MIN([a, b]) + 1',
      [
        [0, 3],
        [60, 10],
        [120, 1],
      ],
    ],
    [
      'IF(a > 5, a, 1)',
      [
        [0, 1],
        [60, 9],
      ],
    ],
    [
      'SUM([a, b])',
      [
        [0, 6],
        [60, 9],
        [120, 0],
      ],
    ],
    [
      'MAX(METRICS())',
      [
        [0, 4],
        [60, 9],
        [120, 0],
      ],
    ],
    ['SUM(a)', 13],
    [
      'a >= 9',
      [
        [0, 0],
        [60, 1],
      ],
    ],
    [
      '(a > 3) * (a < 5)',
      [
        [0, 1],
        [60, 0],
      ],
    ],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected);
  });

  it.each(['1 +', 'a b', '(a', 'NOSUCH(a)', 'a $ b', 'toString(a)', 'constructor(a)'])(
    'refuses %s by its text',
    (text) => {
      expect(() => run(text)).toThrow(/Expression/);
    },
  );
});
