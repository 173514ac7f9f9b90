import { describe, expect, it } from 'vitest';
import type { RejectionItem } from '#shared/contracts/rejection.ts';
import type { StoredItem } from '#shared/results-table/stored-item.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';

const item = (number: number, message = 'm'): RejectionItem => ({
  pk: `REJ#s#s#${number}`,
  sk: 'REJECTION',
  reason: 'invalid-json',
  message,
  stream: 's',
  shard: 's',
  sequenceNumber: String(number),
  failureKey: 'k',
  arrivedAt: '2026-01-01T00:00:00.000Z',
});
const failure = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
const soon = () => Date.now() + 5_000;

describe('createResultsWriter', () => {
  it('writes 25 items a call, one for each key, the last one of them', async () => {
    const calls: (readonly StoredItem[])[] = [];
    const writer = createResultsWriter({
      putBatch: async (items) => {
        calls.push(items);
        return [];
      },
    });
    const items = Array.from({ length: 60 }, (_, index) => item(index % 55, `m${index}`));

    const outcomes = await writer.write(items, soon());

    expect(outcomes.every(({ status }) => status === 'stored')).toBe(true);
    expect(calls.map((call) => call.length).sort()).toEqual([25, 25, 5]);
    expect(calls.flat().find(({ pk }) => pk === 'REJ#s#s#0')?.message).toBe('m55');
  });

  it('tries again what was left unprocessed, throttled or cut off', async () => {
    const faults = [
      failure('ThrottlingException', 400),
      new Error('reset'),
      failure('Internal', 500),
    ];
    const stored: StoredItem[] = [];
    const writer = createResultsWriter({
      random: () => 0,
      putBatch: async (items) => {
        const fault = faults.pop();
        if (fault) throw fault;
        stored.push(...items.slice(0, 1));
        return items.slice(1);
      },
    });

    const outcomes = await writer.write([item(1), item(2), item(3)], soon());

    expect(outcomes).toEqual(Array(3).fill({ status: 'stored' }));
    expect(stored).toHaveLength(3);
  });

  it('finds the one item that the table refuses', async () => {
    const writer = createResultsWriter({
      putBatch: async (items) => {
        if (items.some(({ pk }) => pk === 'REJ#s#s#2')) throw failure('ValidationException', 400);
        return [];
      },
    });

    const outcomes = await writer.write([item(1), item(2), item(3)], soon());

    expect(outcomes.map(({ status }) => status)).toEqual(['stored', 'refused', 'stored']);
  });

  it('ends at the deadline and says why', async () => {
    let now = 0;
    const writer = createResultsWriter({
      now: () => now,
      putBatch: async (items) => {
        now += 400;
        return [...items];
      },
      random: () => 0,
    });

    const outcomes = await writer.write([item(1)], 1_000);

    expect(outcomes).toEqual([{ status: 'late', reason: expect.stringContaining('throttled') }]);
    expect(now).toBe(1_200);
  });
});
