import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createProducerOn } from '#producers/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a signal that outlives many puts', () => {
  it('keeps nothing of them', async () => {
    // Prepare
    const own = new AbortController();
    const ofCalls = new AbortController();
    const { put } = createProducerOn(async (blobs) => blobs.map(() => undefined), {
      signal: own.signal,
    });
    const putMany = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await put([{ id: `r${n}`, text: 'x' }], { signal: ofCalls.signal });
      }
      await new Promise(setImmediate);
      collectGarbage();
      return process.memoryUsage().heapUsed / 2 ** 20;
    };

    // Act
    const before = await putMany(500);
    const after = await putMany(4_000);

    // Assess
    expect(getEventListeners(own.signal, 'abort')).toEqual([]);
    expect(getEventListeners(ofCalls.signal, 'abort')).toEqual([]);
    expect(after - before).toBeLessThan(3);
  });
});
