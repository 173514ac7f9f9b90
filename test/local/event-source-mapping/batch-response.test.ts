import { expect, it } from 'vitest';
import { interpretResponse } from '#local/event-source-mapping/batch.ts';
import { answer, failure, report, someRecords } from './records.ts';

// What AWS was recorded to make of an answer is tested with the whole mapping: test/conformance/recordings. AWS documents that
// any other invalid response fails the batch.
const records = someRecords(4);

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
