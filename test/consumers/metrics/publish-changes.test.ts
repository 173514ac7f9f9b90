import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import {
  createSimulation,
  type Mishap,
  rejectionOf,
  resultOf,
  type TestChange,
  tableEvent,
} from './doubles.ts';
import { expectedMetrics } from './expected-metrics.ts';

const minute = () => 60_000;
const numbered = (count: number, first = 9_990): TestChange[] =>
  Array.from({ length: count }, (_, index) => ({
    item: index % 7 === 3 ? rejectionOf(index) : resultOf(index),
    sequenceNumber: String(first + index),
  }));
const expectedOf = (changes: readonly TestChange[]) =>
  expectedMetrics(changes.map(({ item }) => item));

describe('publishChanges', () => {
  it('publishes what a scan of the table gives, once under repeated and resplit delivery', async () => {
    const simulation = createSimulation();
    const changes = numbered(40);
    const deliver = (from: number, to: number) =>
      publishChanges(tableEvent(changes.slice(from, to)), simulation.deps, minute);

    const answer = await deliver(0, 20);
    await deliver(0, 20);
    await deliver(0, 7);
    await deliver(10, 40);
    await deliver(0, 40);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(simulation.totals()).toEqual(expectedOf(changes));
    expect(simulation.published).toHaveLength(2);
  });

  it('counts inserts alone', async () => {
    const simulation = createSimulation();
    const item = resultOf(1);
    const event = tableEvent([
      { item, sequenceNumber: '1' },
      { item, sequenceNumber: '2', eventName: 'MODIFY' },
    ]);

    await publishChanges(event, simulation.deps, minute);

    expect(simulation.totals()).toEqual(expectedMetrics([item]));
  });

  it('counts an item that was removed and put again twice, and two items under one number', async () => {
    const simulation = createSimulation();
    const changes = [
      { item: resultOf(1), sequenceNumber: '1' },
      { item: resultOf(1), sequenceNumber: '5' },
      { item: resultOf(2), sequenceNumber: '5' },
    ];

    await publishChanges(tableEvent(changes), simulation.deps, minute);
    await publishChanges(tableEvent(changes), simulation.deps, minute);

    expect(simulation.totals()).toEqual(expectedOf(changes));
  });

  it('counts a result so large that it is packed', async () => {
    const simulation = createSimulation();
    const item = resultOf(2, 'news', 12_000);
    const event = tableEvent([{ item, sequenceNumber: '1' }]);

    await publishChanges(event, simulation.deps, minute);

    expect(event.Records[0]?.dynamodb?.NewImage).toHaveProperty('packed');
    expect(simulation.totals()).toEqual(expectedMetrics([item]));
    expect(simulation.totals()).toMatchObject({ EntitiesFound: 12_000 });
  });

  it('splits what one call cannot carry', async () => {
    const simulation = createSimulation();
    const changes = Array.from({ length: 2_000 }, (_, index) => ({
      item: resultOf(1, `source-${index}`),
      sequenceNumber: String(index),
    }));

    await publishChanges(tableEvent(changes), simulation.deps, minute);

    expect(simulation.published.length).toBeGreaterThan(2);
    expect(Math.max(...simulation.published.map(({ data }) => data.length))).toBeLessThanOrEqual(
      1_000,
    );
    expect(simulation.totals()).toEqual(expectedOf(changes));
  });

  it('keeps few digests in the state, and asks for the others only where a change may be among them', async () => {
    const simulation = createSimulation();
    const asked: number[] = [];
    const { digests } = simulation.deps;
    const deps = {
      ...simulation.deps,
      digests: {
        ...digests,
        read: (...[changes, version]: Parameters<typeof digests.read>) => {
          asked.push(changes.length);
          return digests.read(changes, version);
        },
      },
    };
    const changes = numbered(500).map((change, at) => ({ ...change, createdAt: at }));
    const deliver = (from: number, to: number) =>
      publishChanges(tableEvent(changes.slice(from, to)), deps, minute);

    for (let at = 0; at < 400; at += 1) await deliver(at, at + 1);
    const largest = JSON.stringify(simulation.state()).length;
    const moved = simulation.moved.size;
    const askedInOrder = asked.length;
    await deliver(0, 400);
    await deliver(390, 500);

    expect(largest).toBeLessThan(1_000);
    // One item for each ten seconds, and one more where they were moved in the middle of them.
    expect(moved).toBeGreaterThan(30);
    expect(moved).toBeLessThan(50);
    expect(askedInOrder).toBeLessThan(60);
    expect(asked.length).toBeGreaterThan(askedInOrder);
    expect(simulation.totals()).toEqual(expectedOf(changes));
  });

  it('counts once in any order, batches and number at a time, whatever is killed, lost or refused between any two steps', async () => {
    const mishaps = fc.constantFrom<Mishap>(
      ...(['none', 'none', 'none', 'none', 'none', 'none'] as const),
      ...(['kill-before', 'kill-after', 'lost', 'lost-request', 'throttle', 'refuse'] as const),
    );
    const total = 90;
    const batch = fc.oneof(
      // As a mapping cuts them, and as nobody does.
      fc
        .tuple(fc.nat(total), fc.integer({ min: 1, max: 60 }))
        .map(([from, size]) => Array.from({ length: size }, (_, at) => (from + at) % total)),
      fc.array(fc.nat(total - 1), { maxLength: 40 }),
    );
    let [moved, killed] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(mishaps, { maxLength: 200, size: 'max' }),
        fc.array(fc.nat(6), { maxLength: 200 }),
        // Batches that are delivered at a time, and the pause after them.
        fc.array(fc.tuple(fc.array(batch, { minLength: 1, maxLength: 4 }), fc.nat(20_000)), {
          ...{ maxLength: 8, size: 'max' },
        }),
        // Seconds between two changes: from all within one bucket to more than a day.
        fc.constantFrom(0, 1, 7, 60, 900),
        async (fate, yields, deliveries, apart) => {
          const simulation = createSimulation(
            () => fate.shift() ?? 'none',
            () => yields.shift() ?? 1,
          );
          const changes = numbered(total).map((one, at) => ({ ...one, createdAt: at * apart }));
          const { Records: records } = tableEvent(changes);
          const left = new Set(changes.keys());
          // One that saw nothing for long remembers what has changed since.
          const environments = [
            simulation.deps,
            simulation.environment(),
            simulation.environment(),
          ];
          const deliver = async (numbers: readonly number[], at: number) => {
            const Records = numbers.flatMap((number) => records[number] ?? []);
            const deps = environments[at % environments.length] ?? simulation.deps;
            return publishChanges({ Records }, deps, () => 9_000).then(
              () => {
                for (const number of numbers) left.delete(number);
              },
              (error: Error) => {
                if (error.message === 'killed') killed += 1;
              },
            );
          };
          for (const [batches, pause] of deliveries) {
            await Promise.all(batches.map(deliver));
            simulation.clock.now += pause;
          }
          // What was taken is not delivered again: it must be counted by now.
          for (let attempt = 0; left.size > 0 && attempt < 200; attempt++) {
            await deliver([...left], attempt);
            simulation.clock.now += 1_000;
          }
          expect(simulation.totals()).toEqual(expectedOf(changes));
          fate.length = 0;
          for (const at of environments.keys()) await deliver([...changes.keys()], at);

          expect(simulation.totals()).toEqual(expectedOf(changes));
          expect(simulation.state()?.pending).toBeUndefined();
          moved += simulation.moved.size;
        },
      ),
      { numRuns: 120 },
    );
    expect(moved).toBeGreaterThan(100);
    expect(killed).toBeGreaterThan(100);
  });
});
