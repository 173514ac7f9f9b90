import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { repeat } from '#local/services/local-service.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';

describe('something that is done again and again', () => {
  const repeated: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of repeated.splice(0)) await one.stop();
  });

  it('leaves nineteen parts of the time to others, however long a round takes', async () => {
    // Prepare
    const rounds: { began: number; ended: number }[] = [];

    // Act
    repeated.push(
      repeat(async () => {
        const began = performance.now();
        await delay(20);
        rounds.push({ began, ended: performance.now() });
      }, 1),
    );
    await waitFor(async () => rounds.length >= 3, { what: 'three rounds' });

    // Assess
    for (const [index, { began, ended }] of rounds.slice(0, 2).entries()) {
      const pause = (rounds[index + 1]?.began ?? 0) - ended;
      expect(pause).toBeGreaterThan(18 * (ended - began));
    }
  });

  it('goes on after a round that fails, and stops after the round in hand', async () => {
    // Prepare
    let rounds = 0;
    let ended = 0;

    // Act
    const one = repeat(async () => {
      rounds += 1;
      if (rounds === 1) throw new Error('once');
      await delay(5);
      ended += 1;
    }, 1);
    await waitFor(async () => rounds === 2, { what: 'the second round', everyMs: 1 });
    await one.stop();

    // Assess
    expect({ rounds, ended }).toEqual({ rounds: 2, ended: 1 });
  });
});
