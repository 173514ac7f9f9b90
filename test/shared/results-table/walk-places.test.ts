import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutPlace, type Place } from '#shared/results-table/places.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import { type Walk, walkPlaces } from '#shared/results-table/walk-places.ts';
import { resultsIn } from './doubles.ts';

const timeOf = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const itemAt = (id: string, second: number, source: string) =>
  createResultItem(
    {
      record: { id, text: id, source },
      questions: [],
      analysis: { entities: [], answers: [], tokens: 1, windows: 1 },
      pipelineVersion: 'p',
      arrival: { arrivedAt: timeOf(second), shard: 's', sequenceNumber: '1' },
    },
    { storeText: true, retentionDays: 0 },
  );

async function walked(walk: Walk, deps: Parameters<typeof walkPlaces>[1]): Promise<Place[]> {
  const places: Place[] = [];
  for await (const place of walkPlaces(walk, deps)) places.push(place);
  return places;
}
const idsOf = (places: readonly Place[]) => places.map(({ pk }) => pk.slice('REC#'.length));

describe('a walk over results', () => {
  it('comes by each of a time once, a source’s from the oldest on, and goes on behind any place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ second: fc.nat(40), source: fc.constantFrom('news', 'chat') }), {
          maxLength: 60,
        }),
        fc.tuple(fc.nat(40), fc.nat(40)),
        fc.option(fc.constantFrom('news', 'chat'), { nil: undefined }),
        fc.nat(60),
        async (given, [from, to], source, stop) => {
          // Prepare
          const items = given.map(({ second, source }, n) => itemAt(`r${n}`, second, source));
          const deps = resultsIn(() => items);
          const walk = { source, from: timeOf(from), to: timeOf(to) };

          // Act
          const whole = await walked(walk, deps);
          const after = whole[stop];
          const rest = after ? await walked({ ...walk, after }, deps) : [];

          // Assess
          const wanted = items
            .filter((item) => item.arrivedAt >= walk.from && item.arrivedAt < walk.to)
            .filter((item) => source === undefined || item.source === source);
          expect(idsOf(whole).sort()).toEqual(wanted.map(({ id }) => id).sort());
          if (source !== undefined) {
            const orders = whole.map(({ sourceOrder }) => sourceOrder);
            expect(orders).toEqual(orders.toSorted());
          }
          expect(rest).toEqual(after ? whole.slice(stop + 1) : []);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads a slot of more places than a query gives', async () => {
    const items = Array.from({ length: 1_100 }, () => itemAt('r', 1, 'news')).map((item, n) => ({
      ...item,
      sk: `${item.sk}${n}`,
      sourceOrder: `${item.sourceOrder}${String(n).padStart(4, '0')}`,
    }));

    const places = await walked(
      { source: 'news', from: timeOf(0), to: timeOf(9) },
      resultsIn(() => items),
    );

    expect(places.map(({ sk }) => sk)).toEqual(items.map(({ sk }) => sk));
  });

  it('knows of a place what its keys tell', async () => {
    const [place] = await walked(
      { from: timeOf(0), to: timeOf(9) },
      resultsIn(() => [itemAt('r', 1, 'a.b-c_d')]),
    );

    expect(place && aboutPlace(place)).toEqual({
      source: 'a.b-c_d',
      arrivedAt: timeOf(1),
      pipelineVersion: 'p',
    });
  });
});
