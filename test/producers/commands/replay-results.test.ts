import { describe, expect, it } from 'vitest';
import { estimateReplay, surveyLines } from '#producers/commands/replay-estimate.ts';
import { noneReplayed, replayResults, surveyReplay } from '#producers/commands/replay-results.ts';
import type { ProduceReport } from '#producers/producer.ts';
import { CANARY_SOURCE } from '#shared/contracts/canary.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import type { TextRecordInput } from '#shared/contracts/text-record.ts';
import { type Place, readPlaces } from '#shared/results-table/places.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import { type Walk, walkPlaces } from '#shared/results-table/walk-places.ts';
import { parseSettings } from '#shared/settings.ts';
import { resultsIn } from '#test/shared/results-table/doubles.ts';

const itemOf = (n: number, source = 'news', pipelineVersion = 'old', storeText = true) =>
  createResultItem(
    {
      record: { id: `${source}-${n}`, text: `Text ${n}.`, source },
      questions: [],
      analysis: { entities: [], answers: [], tokens: 1, windows: 1 },
      pipelineVersion,
      arrival: {
        arrivedAt: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
        shard: 's',
        sequenceNumber: '1',
      },
    },
    { storeText, retentionDays: 0 },
  );
const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' };

function tableOf(items: readonly ResultItem[], index = items) {
  const deps = resultsIn(
    () => items,
    () => index,
  );
  return {
    walk: (walk: Walk) => walkPlaces(walk, deps),
    read: async (places: readonly Place[]) => (await readPlaces(places, deps)).results,
  };
}

/** A stream that takes all, until it is told not to. */
function streamOf(refusedFrom = Number.POSITIVE_INFINITY) {
  const taken: string[] = [];
  const put = async (records: readonly TextRecordInput[]): Promise<ProduceReport> => {
    const isTaken = taken.length < refusedFrom;
    if (isTaken) taken.push(...records.map(({ id }) => id));
    const stranded = isTaken ? [] : records.map((record) => ({ record, reason: 'throttled' }));
    return {
      ...{ read: records.length, put: isTaken ? records.length : 0, retried: 0, bytes: 0 },
      ...{ stranded, invalid: [] },
    };
  };
  return { taken, put };
}

const { signal } = new AbortController();
const begin = { counts: noneReplayed() };

describe('a replay', () => {
  it('sends each chosen result once, and says what it left out and why', async () => {
    // Prepare
    const news = Array.from({ length: 230 }, (_, n) => itemOf(n));
    const others = [
      itemOf(1, 'chat', 'running'),
      itemOf(2, 'http'),
      itemOf(3, 'chat', 'old', false),
      itemOf(4, 'chat'),
      itemOf(6, CANARY_SOURCE),
    ];
    const gone = itemOf(5, 'chat');
    const table = tableOf([...news, ...others], [...news, ...others, gone]);
    const chosen = { ...range, running: 'running' };
    const { taken, put } = streamOf();

    // Act
    const survey = await surveyReplay(chosen, undefined, table, { signal, onProgress: () => {} });
    const { counts } = await replayResults(chosen, begin, {
      ...{ table, put, signal, refused: () => 0, onPage: () => {} },
    });

    // Assess
    expect(survey).toMatchObject({ found: 235, chosen: 233, leftOut: { current: 1, onDemand: 1 } });
    expect(Object.fromEntries(survey.byPipeline)).toEqual({ old: 234, running: 1 });
    expect(taken.sort()).toEqual([...news, itemOf(4, 'chat')].map(({ id }) => id).sort());
    expect(counts).toMatchObject({ done: 233, replayed: 231, withoutText: 1, gone: 1 });
  });

  it('sends what it leaves out otherwise where that is asked for by name', async () => {
    const items = [itemOf(1, 'http'), itemOf(2, 'http', 'running')];
    const { taken, put } = streamOf();
    const chosen = { ...range, source: 'http', pipeline: 'running', running: 'running' };

    await replayResults(chosen, begin, {
      ...{ table: tableOf(items), put, signal, refused: () => 0, onPage: () => {} },
    });

    expect(taken).toEqual(['http-2']);
  });

  it('ends where the stream takes nothing, and goes on behind the last page that it took', async () => {
    // Prepare
    const items = Array.from({ length: 250 }, (_, n) => itemOf(n));
    const table = tableOf(items);
    const chosen = { ...range, source: 'news' };
    let kept: { after: Place; counts: ReturnType<typeof noneReplayed> } | undefined;
    const run = (put: ReturnType<typeof streamOf>['put']) =>
      replayResults(chosen, kept ?? begin, {
        ...{ table, put, signal, refused: () => 0 },
        onPage: (after, counts) => {
          kept = { after, counts };
        },
      });

    // Act
    const first = streamOf(100);
    const ended = await run(first.put);
    const second = streamOf();
    const { counts, fault } = await run(second.put);

    // Assess
    expect(ended).toMatchObject({ fault: 'throttled', counts: { replayed: 100 } });
    expect([...first.taken, ...second.taken]).toEqual(items.map(({ id }) => id));
    expect(fault).toBeUndefined();
    expect(counts).toMatchObject({ done: 250, replayed: 250 });
  });
});

describe('an estimate', () => {
  const settings = parseSettings({});
  const survey = (items: readonly ResultItem[]) =>
    surveyReplay(range, undefined, tableOf(items), { signal, onProgress: () => {} });

  it('grows with the number of results and with their texts', async () => {
    const some = await survey(Array.from({ length: 40 }, (_, n) => itemOf(n)));
    const long = Array.from({ length: 40 }, (_, n) => ({
      ...itemOf(n),
      text: 'word '.repeat(1_000),
    }));

    const estimate = estimateReplay(some, 10, settings);
    const twice = estimateReplay({ ...some, chosen: 80 }, 10, settings);
    const longer = estimateReplay(await survey(long), 10, settings);

    expect(estimate).toMatchObject({ records: 40, seconds: 4 });
    expect(twice.records).toBe(80);
    expect(twice.usd).toBeCloseTo(2 * estimate.usd, 5);
    expect(longer.usd).toBeGreaterThan(5 * estimate.usd);
    // Some five dollars a million records of 1 KB.
    expect((longer.usd / 40 / 5) * 1e6).toBeGreaterThan(2);
    expect((longer.usd / 40 / 5) * 1e6).toBeLessThan(10);
  });

  it('counts those without their text out by the share of the sample', async () => {
    const items = Array.from({ length: 40 }, (_, n) => itemOf(n, 'news', 'old', n % 2 === 0));

    const found = await survey(items);
    const estimate = estimateReplay(found, 100, settings);

    expect(estimate.records).toBe(20);
    expect(surveyLines(found, estimate, { running: undefined, rate: 100 })).toEqual([
      'found 40 results',
      '  40 of pipeline old',
      'about 20 cannot be sent: stored without their text, or with it redacted',
      expect.stringMatching(
        /^to send: about 20 records, at 100 a second in about 1s, for about \$0/,
      ),
    ]);
  });

  it('of nothing is nothing', async () => {
    const found = await survey([]);
    const estimate = estimateReplay(found, 100, settings);

    expect(estimate).toEqual({ records: 0, seconds: 0, usd: 0 });
    expect(surveyLines(found, estimate, { running: 'x', rate: 1 }).at(-1)).toBe('nothing to send');
  });
});
