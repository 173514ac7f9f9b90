import { describe, expect, it } from 'vitest';
import { createDigestStore } from '#consumers/metrics/digest-store.ts';
import { digestOf, withDigests } from '#consumers/metrics/digests.ts';
import { digestClient } from './doubles.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const changeAt = (second: number, name = '') => ({
  digest: digestOf(`${second} ${name}`),
  createdAt: NOON + second * 1_000,
});
type Change = ReturnType<typeof changeAt>;

/** A table of digests with what was read of it, and stores that each remember for themselves. */
function table() {
  const items: Parameters<typeof digestClient>[0] = new Map();
  const read: number[] = [];
  const client = digestClient(items, async (effect) => {
    const answer = effect();
    const found = (answer as { Items?: readonly unknown[] }).Items;
    if (found) read.push(found.length);
    return answer;
  });
  const writer = createDigestStore(client, 't');
  return {
    items,
    read,
    write: (version: number, ...changes: Change[]) =>
      writer.write(withDigests({}, changes), version, NOON),
    store: () => createDigestStore(client, 't'),
  };
}

const sorted = (digests: readonly string[]) =>
  [...new Set(digests.flatMap((some) => some.match(/.{10}/g) ?? []))].sort();
const digestsOf = (...changes: Change[]) => changes.map(({ digest }) => digest).sort();

describe('what a digest store remembers', () => {
  it('is not read again, and what others moved since is', async () => {
    const { read, write, store } = table();
    const [first, second, third] = [changeAt(1, 'a'), changeAt(2, 'b'), changeAt(3, 'c')];
    const one = store();

    await write(98, first);
    await write(99, second);
    expect(sorted(await one.read([first], 100))).toEqual(digestsOf(first, second));
    await write(101, third);
    expect(sorted(await one.read([first], 102))).toEqual(digestsOf(first, second, third));
    expect(sorted(await one.read([first], 102))).toEqual(digestsOf(first, second, third));

    expect(read).toEqual([2, 1, 0]);
  });

  it('leaves out what was being moved when it was read', async () => {
    const { write, store } = table();
    const [early, late, other] = [changeAt(1, 'a'), changeAt(2, 'b'), changeAt(11)];
    const one = store();

    // Of version 7 one item was there and the other was not.
    await write(7, other);
    await one.read([early, other], 7);
    await write(7, early, late);

    expect(sorted(await one.read([early, other], 8))).toEqual(digestsOf(early, late, other));
  });

  it('is forgotten where the state was made anew', async () => {
    const { items, write, store } = table();
    const [before, after] = [changeAt(1, 'before'), changeAt(1, 'after')];
    const one = store();

    await write(500, before);
    await one.read([before], 501);
    items.clear();
    await write(1, after);

    expect(sorted(await one.read([after], 2))).toEqual(digestsOf(after));
  });

  it('is found beside items of the version before, whose versions have as many digits as they need', async () => {
    const { items, write, store } = table();
    const [old, young] = [changeAt(1, 'old'), changeAt(1, 'young')];
    const one = store();
    await write(99, old);
    for (const [key, item] of [...items]) {
      items.delete(key);
      const sk = item.sk.replace(/#0+/, '#');
      items.set(`${item.pk} ${sk}`, { ...item, sk });
    }

    await one.read([old], 100);
    await write(101, young);

    expect(sorted(await one.read([old], 102))).toEqual(digestsOf(old, young));
  });

  it('is of the latest times, and few of them', async () => {
    const { read, write, store } = table();
    const changes = Array.from({ length: 60 }, (_, at) => changeAt(at * 10));
    const one = store();
    await write(1, ...changes);

    expect(sorted(await one.read(changes, 2))).toEqual(digestsOf(...changes));
    read.length = 0;
    expect(sorted(await one.read(changes, 2))).toEqual(digestsOf(...changes));

    expect(read.reduce((sum, count) => sum + count, 0)).toBe(30);
  });
});
