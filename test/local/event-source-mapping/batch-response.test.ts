import { expect, it } from 'vitest';
import { interpretResponse } from '#local/event-source-mapping/batch-response.ts';
import { answer, failure, report, someRecords } from './records.ts';

const records = someRecords(4);

// What AWS makes of an answer, as it was recorded there.
it.each([
  ['null', null],
  ['nothing', undefined],
  ['an empty text', ''],
  ['an empty list', []],
  ['an empty object', {}],
  ['an empty list of failures', { batchItemFailures: [] }],
  ['a list of failures that is null', { batchItemFailures: null }],
])('takes %s for success', (_, payload) => {
  expect(interpretResponse(answer(payload), records)).toEqual({ kind: 'success' });
});

it.each([
  ['in whatever order they come', ['1003', '1001', '1002']],
  ['named twice', ['1001', '1003', '1001']],
])('goes by the lowest reported sequence number, %s', (_, reported) => {
  expect(interpretResponse(answer(report(...reported)), records)).toEqual({
    kind: 'partial',
    requestId: 'r-1',
    from: 1,
  });
});

it.each([
  ['an unknown identifier', report('1001', '4711')],
  ['an identifier that is a number', report(123)],
  ['an empty identifier', report('')],
  ['a null identifier', report(null)],
  ['a misnamed identifier', { batchItemFailures: [{ foo: 123 }] }],
  ['a misnamed identifier that is null', { batchItemFailures: [{ foo: null }] }],
  // AWS documents that an invalid response fails the batch; these were not recorded.
  ['the number of a record that is there', report(1001)],
  ['an item without anything', { batchItemFailures: [{}] }],
  ['an item that is null', { batchItemFailures: [null] }],
  ['an item that is no object', { batchItemFailures: ['1001'] }],
  ['an item that is a list', { batchItemFailures: [['1001']] }],
  ['failures that are no list', { batchItemFailures: '1001' }],
  ['failures that are an object', { batchItemFailures: { itemIdentifier: '1001' } }],
  ['a name of every object', { batchItemFailures: [{ itemIdentifier: 'constructor' }] }],
  ['a text', 'ok'],
  ['a number', 42],
  ['true', true],
  ['a list with something in it', [{ itemIdentifier: '1001' }]],
])('fails the whole batch on %s', (_, payload) => {
  const outcome = interpretResponse(answer(payload), records);

  expect(outcome).toMatchObject({ kind: 'failed', requestId: 'r-1', functionError: null });
});

it('fails the whole batch where the function failed', () => {
  expect(interpretResponse(failure, records)).toEqual({
    kind: 'failed',
    requestId: 'r-2',
    reason: 'Error: no',
    functionError: 'Unhandled',
  });
});
