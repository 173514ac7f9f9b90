import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import { CANARY_SOURCE } from '#shared/contracts/canary.ts';
import { presentOf, textsOf } from '#shared/drift/profile.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';
import { createSimulation, type Mishap, rejectionOf, resultOf, tableEvent } from './doubles.ts';

const TEXTS = 150;
const changes = Array.from({ length: 520 }, (_, at) => ({
  // What comes later has more entities, and other ones.
  item: at % 40 === 7 ? rejectionOf(at) : resultOf(at, 'news', at < 200 ? at % 4 : 4),
  sequenceNumber: String(at),
}));
const madeBy = (pipelineVersion: string) =>
  changes.map(({ item, sequenceNumber }) => ({
    item: { ...item, pk: `${item.pk}-${pipelineVersion}`, pipelineVersion } as TableItem,
    sequenceNumber: `1${sequenceNumber}`,
  }));

function simulationOf(mishap?: () => Mishap) {
  const simulation = createSimulation(mishap);
  const deps = {
    ...simulation.deps,
    drift: { tasks: ['entities', 'answers'], texts: TEXTS },
  } as const;
  /** As a mapping does: again and again until it is taken. */
  const deliver = async (some: Parameters<typeof tableEvent>[0]) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        return await publishChanges(tableEvent(some), deps, () => 9_000);
      } catch {
        simulation.clock.now += 1_000;
      }
    }
    return expect.fail('it is never taken');
  };
  return { ...simulation, deps, deliver };
}

const whole = simulationOf();
await whole.deliver(changes);
const { entities } = whole.profiles.get('p1')?.tasks ?? {};

describe('Drift', () => {
  it('is published of the tasks that the settings name, once the reference is complete', async () => {
    const simulation = simulationOf();

    await simulation.deliver(changes.slice(0, TEXTS));
    const before = simulation.drift();
    await simulation.deliver(changes.slice(TEXTS));

    expect(before).toEqual({});
    // Questions are asked of a third of the texts only: of their answers too few follow the reference.
    expect(Object.keys(simulation.drift())).toEqual(['entities']);
    expect(simulation.drift().entities?.[0]).toBeGreaterThan(0.25);
    expect(simulation.drift()).toEqual(whole.drift());
  });

  it('is the same where batches come twice, are cut otherwise, or a publication dies at any step', async () => {
    const mishaps = fc.constantFrom<Mishap>(
      ...(['none', 'none', 'none', 'none', 'kill-before', 'kill-after'] as const),
      ...(['lost', 'lost-request', 'throttle', 'refuse'] as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 5, max: 200 }), fc.nat(60)), {
          minLength: 1,
          maxLength: 9,
        }),
        fc.array(mishaps, { maxLength: 60, size: 'max' }),
        async (cuts, fate) => {
          const simulation = simulationOf(() => fate.shift() ?? 'none');
          for (let at = 0, turn = 0; at < changes.length; turn++) {
            const [size, again] = cuts[turn % cuts.length] ?? [changes.length, 0];
            await simulation.deliver(changes.slice(Math.max(0, at - again), at + size));
            at += size;
          }
          fate.length = 0;
          await simulation.deliver(changes);

          expect(simulation.profiles.get('p1')?.tasks).toEqual(whole.profiles.get('p1')?.tasks);
          expect(simulation.drift()).toEqual(whole.drift());
          expect(simulation.state()?.profiles).toBeUndefined();
        },
      ),
      { numRuns: 12 },
    );
  });

  it('counts each text once, in whichever order and number at a time', async () => {
    const simulation = simulationOf();
    const halves = [changes.slice(260), changes.slice(0, 300), changes.slice(200)];

    await Promise.all(halves.map(simulation.deliver));

    const found = simulation.profiles.get('p1')?.tasks.entities ?? expect.fail('no entities');
    const results = changes.filter(({ item }) => 'entities' in item).length;
    expect(textsOf(found.reference)).toBe(TEXTS);
    expect(textsOf(presentOf(found))).toBe(results - TEXTS);
  });

  it('is of each pipeline version by itself, while one takes the place of another', async () => {
    const simulation = simulationOf();
    const other = madeBy('p2');

    for (let at = 0; at < changes.length; at += 52) {
      await simulation.deliver([...other.slice(at, at + 52), ...changes.slice(at, at + 52)]);
    }

    const [drift] = simulation.drift().entities ?? [];
    expect(drift).toBe(whole.drift().entities?.[0]);
    expect(simulation.profiles.get('p1')?.tasks.entities).toEqual(entities);
    expect(simulation.profiles.get('p2')?.tasks.entities).toEqual(entities);
  });

  it('leaves out probes and what came by a call', async () => {
    const simulation = simulationOf();
    const items = [
      { ...resultOf(1), source: CANARY_SOURCE },
      { ...resultOf(2), source: 'http', shard: 'http' },
    ] as TableItem[];

    await simulation.deliver(items.map((item, at) => ({ item, sequenceNumber: String(at) })));

    expect([...simulation.profiles]).toEqual([]);
  });
});
