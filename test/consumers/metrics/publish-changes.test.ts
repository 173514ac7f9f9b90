import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import { positionOf } from '#consumers/metrics/state.ts';
import { createSimulation, type Mishap, rejectionOf, resultOf, tableEvent } from './doubles.ts';
import { expectedMetrics } from './expected-metrics.ts';

const minute = () => 60_000;
const numbered = (count: number, first = 9_990) =>
  Array.from({ length: count }, (_, index) => ({
    item: index % 7 === 3 ? rejectionOf(index) : resultOf(index),
    sequenceNumber: String(first + index),
  }));

describe('publishChanges', () => {
  it('publishes what a scan of the table gives, once under repeated and resplit delivery', async () => {
    const simulation = createSimulation();
    const changes = numbered(40);
    const deliver = (from: number, to: number) =>
      publishChanges(tableEvent('s1', changes.slice(from, to)), simulation.deps, minute);

    const answer = await deliver(0, 20);
    await deliver(0, 20);
    await deliver(0, 7);
    await deliver(10, 40);
    await deliver(0, 40);

    expect(answer).toEqual({ state: {}, batchItemFailures: [] });
    expect(simulation.totals()).toEqual(expectedMetrics(changes.map(({ item }) => item)));
    expect(simulation.published).toHaveLength(2);
  });

  it('counts inserts alone', async () => {
    const simulation = createSimulation();
    const item = resultOf(1);
    const event = tableEvent('s1', [
      { item, sequenceNumber: '1' },
      { item, sequenceNumber: '2', eventName: 'MODIFY' },
    ]);

    await publishChanges(event, simulation.deps, minute);

    expect(simulation.totals()).toEqual(expectedMetrics([item]));
  });

  it('counts a result so large that it is packed', async () => {
    const simulation = createSimulation();
    const item = resultOf(2, 'news', 12_000);
    const event = tableEvent('s1', [{ item, sequenceNumber: '1' }]);

    await publishChanges(event, simulation.deps, minute);

    expect(event.Records[0]?.dynamodb?.NewImage).toHaveProperty('packed');
    expect(simulation.totals()).toEqual(expectedMetrics([item]));
    expect(simulation.totals()).toMatchObject({ EntitiesFound: 12_000 });
  });

  it('refuses an event without a shard', async () => {
    const simulation = createSimulation();
    const { shardId: _, ...event } = tableEvent('s1', numbered(1));

    await expect(publishChanges(event, simulation.deps, minute)).rejects.toThrow('tumbling window');
  });

  it('splits what one call cannot carry', async () => {
    const simulation = createSimulation();
    const items = Array.from({ length: 2_000 }, (_, index) => resultOf(1, `source-${index}`));
    const event = tableEvent(
      's1',
      items.map((item, index) => ({ item, sequenceNumber: String(index) })),
    );

    await publishChanges(event, simulation.deps, minute);

    expect(simulation.published.length).toBeGreaterThan(2);
    expect(Math.max(...simulation.published.map(({ data }) => data.length))).toBeLessThanOrEqual(
      1_000,
    );
    expect(simulation.totals()).toEqual(expectedMetrics(items));
  });

  it('forgets shards that ended more than a day ago', async () => {
    const simulation = createSimulation();
    await publishChanges(tableEvent('old', numbered(1)), simulation.deps, minute);
    simulation.clock.now += 26 * 60 * 60 * 1_000;

    await publishChanges(tableEvent('new', numbered(1)), simulation.deps, minute);

    const { positions = '' } = simulation.state() ?? {};
    expect(positionOf(positions, 'old')).toBeUndefined();
    expect(positionOf(positions, 'new')).toBe(9_990n);
  });

  it('counts once whatever is lost, refused or killed between any two steps', async () => {
    const mishaps = fc.constantFrom<Mishap>(
      'none',
      'none',
      'none',
      'kill-before',
      'kill-after',
      'lost',
      'lost-request',
      'throttle',
      'refuse',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(mishaps, { maxLength: 120 }),
        fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.nat(20_000)), { maxLength: 12 }),
        async (fate, deliveries) => {
          const simulation = createSimulation(() => fate.shift() ?? 'none');
          const changes = numbered(30);
          const deliver = (from: number, to: number) =>
            publishChanges(tableEvent('s1', changes.slice(from, to)), simulation.deps, () => 9_000);
          let done = 0;
          for (const [back, size, pause] of deliveries) {
            const to = Math.min(30, done + size);
            const ok = await deliver(Math.max(0, done - back), to).then(
              () => true,
              () => false,
            );
            if (ok) done = Math.max(done, to);
            simulation.clock.now += pause;
          }
          for (let attempt = 0; done < 30 && attempt < 200; attempt++) {
            if (
              await deliver(done, 30).then(
                () => true,
                () => false,
              )
            )
              done = 30;
            simulation.clock.now += 1_000;
          }
          fate.length = 0;
          await deliver(0, 30);

          expect(simulation.totals()).toEqual(expectedMetrics(changes.map(({ item }) => item)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('counts once with shards delivered side by side', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(6), { maxLength: 200 }), async (pauses) => {
        const simulation = createSimulation(
          () => 'none',
          () => pauses.shift() ?? 1,
        );
        const shards = ['a', 'b', 'c', 'd'].map((name, index) => ({
          name,
          changes: Array.from({ length: 5 }, (_, at) => ({
            item: resultOf(index * 5 + at),
            sequenceNumber: String(at),
          })),
        }));
        await Promise.all(
          shards.flatMap(({ name, changes }) => [
            publishChanges(tableEvent(name, changes), simulation.deps, minute),
            publishChanges(tableEvent(name, changes.slice(0, 3)), simulation.deps, minute),
          ]),
        );

        expect(simulation.totals()).toEqual(
          expectedMetrics(shards.flatMap(({ changes }) => changes.map(({ item }) => item))),
        );
      }),
      { numRuns: 60 },
    );
  });
});
