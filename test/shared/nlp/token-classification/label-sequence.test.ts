import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseLabels,
  labelSchemes,
  type MayFollow,
} from '#shared/nlp/token-classification/label-sequence.ts';
import { parseLabels, type TokenLabel } from '#shared/nlp/token-classification/labels.ts';

const names = {
  IOB2: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'],
  BIOES: ['O', 'B-PER', 'I-PER', 'E-PER', 'S-PER'],
} as const;

/** The most probable allowed sequence, found by trying all. */
function byTryingAll(rows: number[][], labels: readonly TokenLabel[], mayFollow: MayFollow) {
  let best: { chosen: number[]; score: number } | undefined;
  const extend = (chosen: number[], score: number): void => {
    const before = labels[chosen.at(-1) ?? -1];
    const row = rows[chosen.length];
    if (row === undefined) {
      if (mayFollow(before, undefined) && score > (best?.score ?? 0)) best = { chosen, score };
      return;
    }
    labels.forEach((label, index) => {
      if (mayFollow(before, label)) extend([...chosen, index], score * (row[index] ?? 0));
    });
  };
  extend([], 1);
  return best;
}

const product = (rows: number[][], chosen: Iterable<number>) =>
  [...chosen].reduce((score, label, row) => score * (rows[row]?.[label] ?? 0), 1);

const anyRows = fc.array(
  fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }),
  { minLength: 1, maxLength: 5 },
);

describe.each(['IOB2', 'BIOES'] as const)('the best label sequence of %s', (scheme) => {
  const labels = parseLabels(names[scheme]);
  const mayFollow = labelSchemes[scheme];

  it('is as probable as the best of all allowed sequences', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const chosen = chooseLabels(Float64Array.from(rows.flat()), labels, mayFollow);

        const expected = byTryingAll(rows, labels, mayFollow);
        expect(product(rows, chosen)).toBeCloseTo(expected?.score ?? 0, 10);
        chosen.forEach((label, row) => {
          expect(mayFollow(labels[chosen[row - 1] ?? -1], labels[label])).toBe(true);
        });
      }),
    );
  });
});

describe('label sequences', () => {
  const labels = parseLabels(names.IOB2);

  it('are each row’s best label where no scheme is set', () => {
    const rows = [0.1, 0.2, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.6];

    expect([...chooseLabels(Float64Array.from(rows), labels, undefined)]).toEqual([2, 4]);
  });

  it('let no entity change its type in the middle', () => {
    // B-PER 0.9, then I-LOC 0.5 before I-PER 0.4
    const rows = [0.05, 0.9, 0.01, 0.02, 0.02, 0.02, 0.02, 0.4, 0.06, 0.5];

    const chosen = chooseLabels(Float64Array.from(rows), labels, labelSchemes.IOB2);

    expect([...chosen].map((label) => labels[label]?.name)).toEqual(['B-PER', 'I-PER']);
  });

  it('fall back on each row’s best where no allowed sequence is possible', () => {
    const inside = parseLabels(['I-PER', 'I-LOC']);

    expect([...chooseLabels(Float64Array.of(0.2, 0.8), inside, labelSchemes.IOB2)]).toEqual([1]);
  });

  it('are none for no rows', () => {
    expect(chooseLabels(new Float64Array(), labels, labelSchemes.IOB2)).toHaveLength(0);
  });
});
