import { expect, it } from 'vitest';
import { interpretResponse } from '#local/event-source-mapping/interpret-response.ts';
import { answer, failure, report, someRecords } from './records.ts';

const records = someRecords(4);

it.each([
  ['null', null],
  ['nothing', undefined],
  ['an empty object', {}],
  ['an empty list', { batchItemFailures: [] }],
  ['a list that is null', { batchItemFailures: null }],
])('takes %s for success', (_, payload) => {
  expect(interpretResponse(answer(payload), records, false)).toEqual({ kind: 'success' });
});

it('goes by the lowest reported sequence number, in whatever order they come', () => {
  expect(interpretResponse(answer(report('1003', '1001', '1002')), records, false)).toEqual({
    kind: 'partial',
    from: 1,
  });
});

it.each([
  ['an unknown identifier', report('1001', '4711')],
  ['an empty identifier', report('')],
  ['a null identifier', report(null)],
  ['a misnamed identifier', { batchItemFailures: [{ itemIdentifer: '1001' }] }],
  ['an item that is null', { batchItemFailures: [null] }],
  ['failures that are no list', { batchItemFailures: '1001' }],
  ['a text', 'ok'],
  ['a list', []],
])('fails the whole batch on %s', (_, payload) => {
  const outcome = interpretResponse(answer(payload), records, false);

  expect(outcome).toMatchObject({ kind: 'failed', requestId: 'r-1', functionError: null });
});

it('fails the whole batch where the function failed', () => {
  expect(interpretResponse(failure, records, false)).toEqual({
    kind: 'failed',
    requestId: 'r-2',
    reason: 'Error: no',
    functionError: 'Unhandled',
  });
});

it('wants a state in a tumbling window, and carries it along', () => {
  const without = interpretResponse(answer({}), records, true);
  const full = interpretResponse(answer({ state: { n: 1 } }), records, true);
  const partial = interpretResponse(answer({ state: { n: 2 }, ...report('1002') }), records, true);

  expect(without).toMatchObject({ kind: 'failed' });
  expect(full).toEqual({ kind: 'success', state: { n: 1 } });
  expect(partial).toEqual({ kind: 'partial', from: 2, state: { n: 2 } });
});
