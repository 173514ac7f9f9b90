import { describe, expect, it } from 'vitest';
import { type Filters, noFilters, passes } from '../../../console/views/texts/filters.ts';
import { type List, withNewest, withOlder } from '../../../console/views/texts/list.ts';
import { resultOf } from './results.ts';

const result = resultOf({
  language: 'en',
  entities: [{ type: 'PER', text: 'Ada Lovelace', start: 0, end: 12, score: 0.6 }],
  labels: [{ task: 'sentiment', label: 'neutral', score: 0.9 }],
});

describe('filters', () => {
  it.each<[Partial<Filters>, boolean]>([
    [{}, true],
    [{ type: 'PER' }, true],
    [{ type: 'LOC' }, false],
    [{ entity: 'lovelace' }, true],
    [{ entity: 'London' }, false],
    [{ label: 'sentiment: neutral' }, true],
    [{ label: 'sentiment: positive' }, false],
    [{ language: 'en' }, true],
    [{ language: 'ja' }, false],
    [{ version: 'v1' }, true],
    [{ version: 'v2' }, false],
    [{ from: '0.8' }, true],
    [{ from: '0.8', type: 'PER' }, false],
    [{ to: '0.65', type: 'PER' }, true],
    [{ to: '0.5' }, false],
  ])('%o: %s', (filters, expected) => {
    expect(passes(result, { ...noFilters, ...filters })).toBe(expected);
  });
});

describe('the list', () => {
  const results = (...ids: number[]) => ids.map((id) => resultOf({ id: `text-${id}` }));
  const ids = ({ results }: List) => results.map(({ id }) => Number(id.slice(5)));
  const first = withNewest(undefined, { results: results(3, 2), cursor: 'c' });

  it('takes what came since, and keeps what it had', () => {
    const list = withNewest(first, { results: results(5, 4, 3), cursor: 'd' });

    expect(ids(list)).toEqual([5, 4, 3, 2]);
    expect(list.cursor).toBe('c');
    expect(list.results[2]).toBe(first.results[0]);
  });

  it('begins anew where more came than a page holds', () => {
    const list = withNewest(first, { results: results(9, 8), cursor: 'e' });

    expect(ids(list)).toEqual([9, 8]);
    expect(list).toMatchObject({ cursor: 'e', jumped: true });
  });

  it('grows at its end', () => {
    const list = withOlder(first, { results: results(2, 1), cursor: undefined });

    expect(ids(list)).toEqual([3, 2, 1]);
    expect(list.cursor).toBeUndefined();
  });
});
