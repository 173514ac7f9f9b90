import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PutOutcome } from '#consumers/metrics/cloudwatch.ts';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import type { Pending } from '#consumers/metrics/state.ts';
import type { MetricDatum } from '#consumers/metrics/summarize.ts';
import { metricKey } from '#shared/metric-names.ts';
import { createSimulation, rejectionOf, resultOf, tableEvent } from './doubles.ts';
import { expectedMetrics } from './expected-metrics.ts';

const nineSeconds = () => 9_000;
const changes = Array.from({ length: 30 }, (_, index) => ({
  item: index % 7 === 3 ? rejectionOf(index) : resultOf(index),
  sequenceNumber: String(100 + index),
}));
const expected = expectedMetrics(changes.map(({ item }) => item));
const keyOf = ({ name, dimensions }: MetricDatum) => metricKey(name, dimensions);
type World = ReturnType<typeof createSimulation>;

/** Delivers a batch as a mapping does, again and again until it is taken; says after how many deliveries it was. */
async function deliverUntilTaken(simulation: World, some = changes): Promise<number> {
  for (let delivery = 1; delivery <= 200; delivery++) {
    try {
      await publishChanges(tableEvent(some), simulation.deps, nineSeconds);
      return delivery;
    } catch {
      simulation.clock.now += 1_000;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** Keys that a run may be told never to take; the latency is not in `totals`. */
const keys = [...Object.keys(expected), 'EndToEndLatency'];

describe('data that CloudWatch never takes', () => {
  it('are dropped and counted, each alone, and hold up nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 5 }),
        fc.constantFrom<PutOutcome['status']>('refused', 'unknown'),
        fc.integer({ min: 1, max: 12 }),
        async (hated, status, most) => {
          const simulation = createSimulation(undefined, undefined, (data) => {
            // As many as `most` beside the number, as where a call is too large.
            if (data.length > most + 1) return 'refused';
            return data.some((datum) => hated.includes(keyOf(datum))) ? status : 'arrived';
          });

          const deliveries = await deliverUntilTaken(simulation);
          const next = await deliverUntilTaken(simulation, []);

          const taken = Object.entries(expected).filter(([key]) => !hated.includes(key));
          expect(simulation.totals()).toEqual({
            ...Object.fromEntries(taken),
            ...(hated.length > 0 && { DataRefused: hated.length }),
          });
          expect(simulation.state()?.pending).toBeUndefined();
          expect(deliveries).toBeLessThanOrEqual(status === 'refused' ? 2 : 80);
          expect(next).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('let the next batch publish in the same delivery', async () => {
    const hated = 'EndToEndLatency';
    const simulation = createSimulation(undefined, undefined, (data) =>
      data.some((datum) => keyOf(datum) === hated) ? 'refused' : 'arrived',
    );
    const other = [{ item: resultOf(77), sequenceNumber: '1' }];

    await deliverUntilTaken(simulation);
    const deliveries = await deliverUntilTaken(simulation, other);

    expect(deliveries).toBe(1);
    expect(simulation.totals()).toEqual({
      ...expectedMetrics([...changes, ...other].map(({ item }) => item)),
      DataRefused: 2,
    });
  });

  it('are told in the log with all that they were', async () => {
    const simulation = createSimulation(undefined, undefined, (data) =>
      data.some(({ name }) => name === 'TokensProcessed') ? 'refused' : 'arrived',
    );
    const told: unknown[] = [];
    const deps = {
      ...simulation.deps,
      log: { warn() {}, error: (why: object) => void told.push(why) },
    };

    await publishChanges(tableEvent(changes), deps, nineSeconds);

    const values = [expected.TokensProcessed];
    expect(told).toEqual([
      { dropped: { name: 'TokensProcessed', unit: 'Count', values, counts: [1] } },
    ]);
  });

  it('do no harm where even the count of them is not taken', async () => {
    const simulation = createSimulation(undefined, undefined, (data) =>
      data.some(({ name, values }) => name === 'DataRefused' && values[0] === 1) ||
      data.some(({ name }) => name === 'TokensProcessed')
        ? 'refused'
        : 'arrived',
    );

    expect(await deliverUntilTaken(simulation)).toBe(1);

    const { TokensProcessed: _, ...rest } = expected;
    expect(simulation.totals()).toEqual(rest);
  });
});

describe('a CloudWatch that takes nothing', () => {
  it.each(['refused', 'throttled', 'unknown'] as const)(
    'for hours (%s) loses no count and drops nothing',
    async (status) => {
      let down = true;
      const simulation = createSimulation(undefined, undefined, () => (down ? status : 'arrived'));

      for (let hour = 0; hour < 40; hour++) {
        const delivered = publishChanges(tableEvent(changes), simulation.deps, nineSeconds);
        await expect(delivered).rejects.toThrow('publication');
        simulation.clock.now += 600_000;
      }
      down = false;
      const deliveries = await deliverUntilTaken(simulation);

      expect(simulation.totals()).toEqual(expected);
      expect(deliveries).toBeLessThanOrEqual(2);
    },
  );

  it('or takes some and not others, as it likes, loses no count once it is well', async () => {
    const status = fc.constantFrom<PutOutcome['status']>('arrived', 'throttled', 'unknown');
    await fc.assert(
      fc.asyncProperty(fc.array(status, { maxLength: 150 }), async (moods) => {
        const simulation = createSimulation(undefined, undefined, () => moods.shift() ?? 'arrived');

        await deliverUntilTaken(simulation);
        moods.length = 0;
        await deliverUntilTaken(simulation);

        const { DataRefused: dropped = 0, ...totals } = simulation.totals();
        if (dropped === 0) expect(totals).toEqual(expected);
        // A datum goes only after three failures by itself, each beside a call that was taken.
        else expect(dropped).toBeLessThan(15);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a publication that was left behind', () => {
  it('is settled although no CloudWatch takes a value that is none', async () => {
    const data = [
      { name: 'RecordsProcessed', unit: 'Count', values: [1], counts: [1] },
      { name: 'EndToEndLatency', unit: 'Milliseconds', values: [null], counts: [1] },
    ];
    const simulation = createSimulation(undefined, undefined, (sent) =>
      sent.some(({ values }) => values.some((value) => !Number.isFinite(value)))
        ? 'refused'
        : 'arrived',
    );
    const pending = {
      ...{ number: 41, claimedAt: Date.UTC(2026, 0, 1) - 3_600_000, claim: 'old', refused: true },
      ...{ data, later: [], refusals: 0 },
    } as unknown as Pending;
    await simulation.deps.store.replace(undefined, {
      ...{ version: 7, publicationNumber: 41, digests: {}, movedUntil: 0 },
      pending,
    });

    expect(await deliverUntilTaken(simulation)).toBe(1);

    expect(simulation.totals()).toEqual({
      ...expected,
      RecordsProcessed: (expected.RecordsProcessed ?? 0) + 1,
      DataRefused: 1,
    });
  });
});
