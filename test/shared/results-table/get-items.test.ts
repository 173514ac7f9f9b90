import { describe, expect, it } from 'vitest';
import { type GetBatch, getItems, type ItemKey } from '#shared/results-table/get-items.ts';

const keyOf = (number: number): ItemKey => ({ pk: `REC#r${number}`, sk: 'RESULT#p#0' });
const keysTo = (count: number) => Array.from({ length: count }, (_, number) => keyOf(number));
const itemOf = (key: ItemKey) => ({ ...key, entities: [] });
const throttle = Object.assign(new Error('slow down'), {
  name: 'ProvisionedThroughputExceededException',
  $metadata: { httpStatusCode: 400 },
});

/** A table that holds every key, and what it was asked for. */
function table(unprocessed: (keys: readonly ItemKey[], call: number) => readonly ItemKey[]) {
  const calls: number[] = [];
  const pauses: number[] = [];
  const getBatch: GetBatch = async (keys) => {
    calls.push(keys.length);
    const left = new Set(unprocessed(keys, calls.length));
    const items = keys.filter((key) => !left.has(key)).map(itemOf);
    // In an order of its own, as the service gives them; the keys left are new objects, too.
    return { items: items.reverse(), unprocessed: [...left].map((key) => ({ ...key })) };
  };
  const pause = async (milliseconds: number) => void pauses.push(milliseconds);
  return { deps: { getBatch, pause }, calls, pauses };
}

describe('getItems', () => {
  it('gives items in the order of their keys, 100 keys a call', async () => {
    const { deps, calls, pauses } = table(() => []);
    const keys = keysTo(250).reverse();

    const found = await getItems(keys, deps);

    expect(found).toEqual(keys.map(itemOf));
    expect(calls).toEqual([100, 100, 50]);
    expect(pauses).toEqual([]);
  });

  it('gives nothing for what is not there, and asks nothing for no key', async () => {
    const { deps, calls } = table(() => []);
    const lacking: GetBatch = async (keys) => {
      const { items } = await deps.getBatch(keys);
      return { items: items.filter(({ pk }) => pk !== 'REC#r1'), unprocessed: [] };
    };

    const found = await getItems(keysTo(3), { ...deps, getBatch: lacking });
    const none = await getItems([], deps);

    expect(found).toEqual([itemOf(keyOf(0)), undefined, itemOf(keyOf(2))]);
    expect(none).toEqual([]);
    expect(calls).toEqual([3]);
  });

  it('asks once for a key that comes twice', async () => {
    const { deps, calls } = table(() => []);

    const found = await getItems([keyOf(1), keyOf(0), keyOf(1)], deps);

    expect(found).toEqual([keyOf(1), keyOf(0), keyOf(1)].map(itemOf));
    expect(calls).toEqual([2]);
  });

  it('asks again for the keys left unprocessed, however often, as long as some come', async () => {
    const { deps, calls, pauses } = table((keys) => keys.slice(2));

    const found = await getItems(keysTo(21), deps);

    expect(found).toEqual(keysTo(21).map(itemOf));
    expect(calls).toEqual([21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1]);
    expect(pauses).toHaveLength(calls.length - 1);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(25);
  });

  it('takes a throttled call for one that processed nothing', async () => {
    const { deps, calls, pauses } = table((_keys, call) => {
      if (call < 4) throw throttle;
      return [];
    });

    const found = await getItems(keysTo(2), deps);

    expect(found).toEqual(keysTo(2).map(itemOf));
    expect(calls).toEqual([2, 2, 2, 2]);
    expect(pauses).toHaveLength(3);
  });

  it('gives up a table that gives nothing any more, and says so', async () => {
    const { deps, calls, pauses } = table((keys) => keys);

    await expect(getItems(keysTo(3), deps)).rejects.toThrow('3 items unprocessed (throttled)');

    expect(calls).toHaveLength(8);
    expect(pauses).toHaveLength(7);
  });

  it('asks no more once it is told to give up', async () => {
    const giveUp = new AbortController();
    const { deps, calls } = table((keys) => {
      giveUp.abort(new Error('the time is over'));
      return keys;
    });

    const asked = getItems(keysTo(3), { ...deps, signal: giveUp.signal });

    await expect(asked).rejects.toThrow('the time is over');
    expect(calls).toHaveLength(1);
  });

  it('passes other faults on at once', async () => {
    const { deps, calls } = table(() => {
      throw new Error('AccessDenied');
    });

    await expect(getItems(keysTo(1), deps)).rejects.toThrow('AccessDenied');

    expect(calls).toHaveLength(1);
  });
});
