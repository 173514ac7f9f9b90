import { describe, expect, it } from 'vitest';
import { drawingOf, figuresOf, type Plot, plots } from '../../../console/views/now/plots.ts';

const from = Date.parse('2026-01-31T12:00:00Z') / 1_000;
const answer = (...series: object[]) =>
  ({
    from: '2026-01-31T12:00:00.000Z',
    to: '2026-01-31T12:05:00.000Z',
    period: 60,
    series,
  }) as Parameters<typeof drawingOf>[1];
const at = (minutes: number, seconds = 0) => (from + minutes * 60 + seconds) * 1_000;
const plot = (id: string) => plots.find((one) => one.id === id) as Plot;

describe('what a plot draws', () => {
  it('makes rates of sums, nothing counted being 0', () => {
    const stored = {
      metric: 'RecordsProcessed',
      dimensions: {},
      statistic: 'Sum',
      points: [
        [from, 120],
        [from + 180, 30],
      ],
    };
    const bySource = { ...stored, dimensions: { Source: 'news' } };

    const { times, lines } = drawingOf(plot('records'), answer(stored, bySource), at(10));

    expect(times).toEqual([0, 60, 120, 180, 240].map((second) => from + second));
    expect(lines).toEqual([{ name: 'stored', values: [2, 0, 0, 0.5, 0] }]);
  });

  it('leaves out the sum of a period that is not over', () => {
    const stored = {
      metric: 'RecordsProcessed',
      dimensions: {},
      statistic: 'Sum',
      points: [
        [from, 60],
        [from + 60, 5],
      ],
    };

    const { lines } = drawingOf(plot('records'), answer(stored), at(1, 30));

    expect(lines).toEqual([{ name: 'stored', values: [1, null] }]);
  });

  it('has holes where a percentile is not known', () => {
    const latency = (statistic: string, value: number) => ({
      metric: 'EndToEndLatency',
      dimensions: {},
      statistic,
      points: [[from + 60, value]],
    });

    const { lines } = drawingOf(
      plot('latency'),
      answer(latency('p50', 90), latency('p99', 900)),
      at(3),
    );

    expect(lines).toEqual([
      { name: 'p50', values: [null, 90, null] },
      { name: 'p99', values: [null, 900, null] },
    ]);
  });

  it('puts the least frequent together where there are many', () => {
    const series = Array.from({ length: 9 }, (_, index) => ({
      metric: 'EntitiesFound',
      dimensions: { Type: `T${index}` },
      statistic: 'Sum',
      points: [[from, 10 - index]],
    }));

    const { lines } = drawingOf(plot('entities'), answer(...series), at(1));

    expect(lines.map(({ name, values }) => [name, values[0]])).toEqual([
      ['T0', 10],
      ['T1', 9],
      ['T2', 8],
      ['T3', 7],
      ['T4', 6],
      ['4 others', 5 + 4 + 3 + 2],
    ]);
  });
});

describe('figures of a line', () => {
  it('are its last value that is known, its least and its most', () => {
    expect(figuresOf({ name: 'x', values: [null, 3, 1, null] })).toEqual({
      latest: 1,
      least: 1,
      most: 3,
    });
  });

  it('are none where nothing is known', () => {
    expect(figuresOf({ name: 'x', values: [null, null] })).toBeUndefined();
  });
});
