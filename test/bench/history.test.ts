import { expect, it } from 'vitest';
import { figuresOf, goalsOf } from './figures.ts';
import { fallsOf, type RecordedRun, readHistory } from './history.ts';
import type { BenchResult } from './result.ts';

const processor = { model: 'any', parallelism: 2, vnni: true, instructions: 'avx512_vnni' };
const resultOf = (share: number, allOverEntities = 1.1): BenchResult => ({
  processor,
  gemm: {
    int8: { gemm: 1, model: 1, share, gopsPerSecond: 1, largeGopsPerSecond: 1 },
    fp32: { gemm: 1, model: 1, share: 0.8, gopsPerSecond: 1, largeGopsPerSecond: 1 },
  },
  heads: { tasks: ['entities'], allOverEntities },
});
const recorded = (result: BenchResult, vnni = true): RecordedRun => ({
  ...{ date: '2026-01-01', processor: 'any', vnni },
  figures: Object.fromEntries(figuresOf(result).map(({ name, value }) => [name, value])),
});

it('tells a figure that is worse by more than a third than the median of the runs before', () => {
  const history = [0.5, 0.6, 0.9].map((share) => recorded(resultOf(share)));

  expect(fallsOf(resultOf(0.41), history)).toEqual([]);
  expect(fallsOf(resultOf(0.39), history)).toMatchObject([
    { name: 'share of the int8 GEMM rate', value: 0.39, before: 0.6 },
  ]);
  expect(fallsOf(resultOf(0.6, 1.7), history)).toMatchObject([{ value: 1.7, before: 1.1 }]);
});

it('compares with runs on processors of the same kind alone', () => {
  expect(fallsOf(resultOf(0.1), [recorded(resultOf(0.6), false)])).toEqual([]);
});

it('holds what was measured to the goals of its processor, and names no goal for what was not', () => {
  const named = (result: BenchResult) => goalsOf(result).map(({ goal, met }) => [goal, met]);

  expect(named(resultOf(0.5))).toEqual([
    [1.15, true],
    [0.6, false],
  ]);
  expect(named({ ...resultOf(0.5), processor: { ...processor, vnni: false } })).toEqual([
    [1.15, true],
  ]);
});

it('reads the runs that were recorded, of which each names figures of today', async () => {
  const history = await readHistory();

  expect(history).not.toEqual([]);
  for (const { figures } of history) expect(Object.keys(figures)).not.toEqual([]);
});
