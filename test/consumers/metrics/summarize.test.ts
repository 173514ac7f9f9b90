import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histogram, latencyOf, summarize } from '#consumers/metrics/summarize.ts';
import { CANARY_SOURCE } from '#shared/contracts/canary.ts';
import { rejectionReasons } from '#shared/contracts/rejection.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { metricKey, metricNames, usuallyCountedByName } from '#shared/metric-names.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';
import { parseSettings } from '#shared/settings.ts';
import { rejectionOf, resultOf } from './doubles.ts';

describe('latencyOf', () => {
  it('lies within what the rounded time allows, and is never negative', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e5), fc.nat(1e4), (arrivedAt, latency, delay) => {
        const stored = arrivedAt + latency;
        const createdAt = Math.floor(stored / 1_000) * 1_000;

        const estimate = latencyOf(createdAt, arrivedAt, stored + delay);

        expect(estimate).toBeGreaterThanOrEqual(0);
        expect(Math.abs(estimate - latency)).toBeLessThanOrEqual(500.5);
      }),
    );
  });
});

describe('histogram', () => {
  it('keeps every count within 150 values, each close to what it stands for', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e7), { minLength: 1, maxLength: 2_000 }), (all) => {
        const { values, counts } = histogram(all);

        expect(values.length).toBeLessThanOrEqual(150);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all.length);
        const sorted = all.toSorted((a, b) => a - b);
        const seen = values.flatMap((value, index) =>
          Array<number>(counts[index] ?? 0).fill(value),
        );
        sorted.forEach((value, index) => {
          expect(Math.abs((seen[index] ?? 0) - value)).toBeLessThanOrEqual(value / 4 + 1);
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('a deployment with one source', () => {
  it('has at most 30 metrics, whatever its models, its failures, its calls and its canary', () => {
    const types = [...usuallyCountedByName.entityTypes, 'EVENT', 'NORP', 'MADE-UP'];
    const stored = resultOf(3, 'news', 1) as ResultItem;
    const [entity] = stored.entities;
    const everything: ResultItem = {
      ...stored,
      windows: 2,
      unserved: ['labels'],
      labels: [{ task: 'sentiment', label: 'positive', score: 0.9 }],
      pii: [{ kind: 'EMAIL', text: 'a@b.example', start: 0, end: 11, score: 0.9 }],
      entities: types.flatMap((type) => (entity ? [{ ...entity, type }] : [])),
    };
    const items: TableItem[] = [
      everything,
      { ...everything, source: 'http', shard: 'http' },
      { ...everything, source: CANARY_SOURCE },
      ...rejectionReasons.map((reason) => ({ ...rejectionOf(1), reason }) as TableItem),
    ];
    const changes = items.map((item) => ({ createdAt: 1_000, item }));
    const odd = { createdAt: 1_000, ignored: 'it is odd' };

    const data = summarize([...changes, odd], { lowConfidenceThreshold: 0.5, now: 2_000 });

    const keys = new Set(data.map(({ name, dimensions }) => metricKey(name, dimensions)));
    const { publicationNumber, dataRefused, errorsLogged, canaryFailed, ...summed } = metricNames;
    const { labelsFound: byNameAlone, drift, ...counted } = summed;
    for (const name of Object.values(counted)) expect(keys).toContain(name);
    expect([...keys].filter((key) => key.startsWith(byNameAlone))).toEqual([]);
    const { tasks } = parseSettings({}).metrics.drift;
    const drifts = tasks.map((Task) => metricKey(drift, { Task }));
    const others = [publicationNumber, dataRefused, errorsLogged, canaryFailed, ...drifts];
    const all = new Set([...keys, ...others]);
    expect(drifts).not.toEqual([]);
    expect(all.size).toBeLessThanOrEqual(30);
  });

  it('counts by name what the settings name', () => {
    const item: ResultItem = {
      ...(resultOf(1) as ResultItem),
      language: 'pt-BR',
      labels: ['positive', 'negative', 'positive'].map((label) => ({
        ...{ task: 'sentiment', label },
        score: 0.9,
      })),
      pii: ['EMAIL', 'PHONE'].map((kind) => ({ kind, text: '', start: 0, end: 0, score: 1 })),
    };
    const countedByName = {
      entityTypes: [],
      labels: ['positive'],
      personalDataKinds: ['PHONE'],
      languages: ['*'],
    };

    const data = summarize([{ createdAt: 1, item }], {
      ...{ lowConfidenceThreshold: 0.5, countedByName },
      now: 2,
    });

    const sums = Object.fromEntries(
      data.map(({ name, dimensions, values }) => [metricKey(name, dimensions), values[0]]),
    );
    expect(sums).toMatchObject({
      'RecordsProcessed{Language=pt-BR}': 1,
      'LabelsFound{Label=positive}': 2,
      PersonalDataFound: 2,
      'PersonalDataFound{Kind=PHONE}': 1,
    });
    expect(Object.keys(sums).filter((key) => /negative|EMAIL|PER/.test(key))).toEqual([]);
  });

  it('counts of a probe how long it took, and nothing else of it, though it was parked', () => {
    const probe = { ...resultOf(3, CANARY_SOURCE), arrivedAt: '2026-01-01T00:00:00.000Z' };
    const changes = [probe, { ...rejectionOf(1), source: CANARY_SOURCE }].map((item, at) => ({
      sequenceNumber: BigInt(at),
      createdAt: 1,
      item,
    }));

    const data = summarize(changes, {
      lowConfidenceThreshold: 0.5,
      now: Date.parse(probe.arrivedAt) + 7_500,
    });

    expect(data).toEqual([
      { name: 'CanaryLatency', unit: 'Milliseconds', values: [7_500], counts: [1] },
    ]);
  });

  it('counts as streamed what the stream brought, and no call', () => {
    const streamed = (items: TableItem[]) =>
      summarize(
        items.map((item) => ({ createdAt: 1, item })),
        { lowConfidenceThreshold: 0.5, now: 2 },
      ).find(({ name }) => name === metricNames.recordsStreamed)?.values;

    const call = { ...resultOf(1), source: 'http', shard: 'http' } as TableItem;
    const named = { ...resultOf(2), source: 'http' } as TableItem;

    expect(streamed([call])).toBeUndefined();
    expect(streamed([call, named, rejectionOf(3)])).toEqual([2]);
  });
});
