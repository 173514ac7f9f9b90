import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createLingeringReader } from '#producers/lingering-reader.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('createLingeringReader', () => {
  it('loses nothing to a wait that ran out', async () => {
    let give = (_: string): void => {};
    async function* items() {
      yield await new Promise<string>((resolve) => {
        give = resolve;
      });
    }
    const reader = createLingeringReader(items());

    const early = await reader.next(1);
    give('late');

    expect(early).toBe('later');
    expect(await reader.next()).toEqual({ item: 'late' });
    expect(await reader.next(1_000)).toBe('end');
  });

  it('ends a wait when it is woken, and a read when it is stopped', async () => {
    async function* items() {
      yield await new Promise<never>(() => {});
    }
    const reader = createLingeringReader(items());

    const reading = reader.next();
    reader.wake();
    const read = await reading;
    const waiting = reader.wait();
    reader.wake();
    await waiting;
    reader.stop();

    expect(read).toBe('later');
    expect(await reader.next()).toBe('end');
  });

  it('gives the items of a list at once', () => {
    const reader = createLingeringReader(['a']);

    expect([reader.next(), reader.next()]).toEqual([{ item: 'a' }, 'end']);
  });

  it('passes on what the input throws', async () => {
    async function* items(): AsyncGenerator<string> {
      yield await Promise.reject(new Error('broken'));
    }

    await expect(createLingeringReader(items()).next(1_000)).rejects.toThrow('broken');
  });

  it('keeps nothing of what it has read, however long it reads', async () => {
    // Prepare
    const items: WeakRef<object>[] = [];
    async function* endless() {
      for (;;) {
        const item = { text: 'It rained.' };
        items.push(new WeakRef(item));
        yield item;
      }
    }
    const reader = createLingeringReader(endless());

    // Act
    for (let n = 0; n < 200; n++) await reader.next(n % 2 === 0 ? undefined : 1_000);
    await nextTurn();
    collectGarbage();

    // Assess
    const alive = items.filter((item) => item.deref() !== undefined).length;
    expect(alive).toBeLessThan(10);
  });
});
