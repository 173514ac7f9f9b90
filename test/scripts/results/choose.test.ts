import { describe, expect, it } from 'vitest';
import { CANARY_SOURCE } from '#shared/contracts/canary.ts';
import type { RejectionItem } from '#shared/contracts/rejection.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import { resultOf } from '#test/consumers/metrics/doubles.ts';
import { chooseItem, type Wanted } from '../../../scripts/results/choose.ts';

const stored = resultOf(1);
if (!isResult(stored)) throw new Error('it is a result');
const entity = (type: string) => ({ type, text: 'x', start: 0, end: 1, score: 1 });
const result: ResultItem = {
  ...stored,
  source: 'news',
  arrivedAt: '2026-01-31T12:00:00.000Z',
  entities: [entity('PER'), entity('ORG')],
};
const rejection: RejectionItem = {
  ...{ pk: 'REJ#s#0#1', sk: 'REJECTION', reason: 'invalid-json', message: 'it is none' },
  ...{ stream: 's', shard: '0', sequenceNumber: '1', failureKey: 'k' },
  arrivedAt: '2026-01-31T12:00:00.000Z',
};

describe('what is wanted', () => {
  it.each<[Wanted, boolean]>([
    [{}, true],
    [{ source: 'news' }, true],
    [{ source: 'chat' }, false],
    [{ id: result.id }, true],
    [{ id: 'other' }, false],
    [{ since: '2026-01-31T12:00:00.000Z' }, true],
    [{ since: '2026-01-31T12:00:00.001Z' }, false],
    [{ pipeline: result.pipelineVersion }, true],
    [{ pipeline: 'other' }, false],
    [{ entities: ['LOC'] }, false],
  ])('of a result by %j is it: %s', (wanted, isWanted) => {
    expect(chooseItem(result, wanted)).toEqual(isWanted ? result : undefined);
  });

  it('has the entities of the types that are asked for alone', () => {
    const chosen = chooseItem(result, { entities: ['LOC', 'ORG'] });

    expect(chosen).toEqual({ ...result, entities: [entity('ORG')] });
  });

  it('has a canary’s probe only where its source is asked for', () => {
    const probe = { ...result, source: CANARY_SOURCE };

    expect(chooseItem(probe, {})).toBeUndefined();
    expect(chooseItem(probe, { source: CANARY_SOURCE })).toEqual(probe);
  });

  it.each<[Wanted, boolean]>([
    [{}, true],
    [{ since: '2026-01-31T11:00:00.000Z' }, true],
    [{ since: '2026-01-31T13:00:00.000Z' }, false],
    [{ source: 'news' }, false],
    [{ entities: ['PER'] }, false],
  ])('of a rejection by %j is it: %s', (wanted, isWanted) => {
    expect(chooseItem(rejection, wanted)).toEqual(isWanted ? rejection : undefined);
  });
});
