import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResultItem } from '#shared/contracts/result.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import { resultsIn } from './doubles.ts';

const itemAt = (id: string, second: number, source = 'news', retentionDays = 0) =>
  createResultItem(
    {
      record: { id, text: id, source },
      questions: [],
      analysis: { entities: [], answers: [], tokens: 1, windows: 1 },
      pipelineVersion: 'p',
      arrival: {
        arrivedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
        shard: 's',
        sequenceNumber: '1',
      },
    },
    { storeText: true, retentionDays },
  );

describe('bySource', () => {
  it('gives every result of the source once, newest first, whatever the page size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(50), { maxLength: 60 }),
        fc.integer({ min: 1, max: 25 }),
        fc.nat(50),
        async (seconds, limit, from) => {
          const items = seconds.map((second, index) => itemAt(`r${index}`, second));
          const reader = createResultsReader(
            resultsIn(() => [...items, itemAt('other', 1, 'chat')]),
          );
          const range = { from: new Date(Date.UTC(2026, 0, 1, 0, 0, from)).toISOString() };
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await reader.bySource({ source: 'news', limit, cursor, ...range });
            expect(page.results.length).toBeLessThanOrEqual(limit);
            seen.push(...page.results.map(({ sourceOrder }) => sourceOrder));
            cursor = page.cursor;
          } while (cursor);

          const wanted = items.filter(({ arrivedAt }) => arrivedAt >= range.from);
          expect(seen).toEqual(
            wanted
              .map(({ sourceOrder }) => sourceOrder)
              .sort()
              .reverse(),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('leaves out what arrived at `to`', async () => {
    const reader = createResultsReader(resultsIn(() => [itemAt('a', 1), itemAt('b', 2)]));

    const page = await reader.bySource({
      source: 'news',
      limit: 9,
      to: '2026-01-01T00:00:02.000Z',
    });

    expect(page.results.map(({ id }) => id)).toEqual(['a']);
  });

  it('leaves out what left the table, or its place in it, after the index was read', async () => {
    // Prepare
    const [c, e] = [itemAt('c', 2), itemAt('e', 4)];
    const index = () => [itemAt('a', 0), itemAt('b', 1), c, itemAt('d', 3), e];
    const table = () => [itemAt('a', 9), itemAt('b', 1, 'chat'), c, e];
    const reader = createResultsReader(resultsIn(table, index));

    // Act
    const page = await reader.bySource({ source: 'news', limit: 2 });
    const rest = await reader.bySource({ source: 'news', limit: 9, cursor: page.cursor });

    // Assess
    expect(page.results).toEqual([e]);
    expect(page.cursor).toBeDefined();
    expect(rest).toEqual({ results: [c] });
  });

  it('asks the table for the results of the page alone', async () => {
    // Prepare
    const results = resultsIn(() => Array.from({ length: 60 }, (_, at) => itemAt(`r${at}`, at)));
    const asked: number[] = [];
    const getBatch: typeof results.getBatch = (keys) => {
      asked.push(keys.length);
      return results.getBatch(keys);
    };

    // Act
    await createResultsReader({ ...results, getBatch }).bySource({ source: 'news', limit: 7 });

    // Assess
    expect(asked).toEqual([7]);
  });

  it.each(['x', 'bnVsbA', Buffer.from('{"source":"chat","slots":[]}').toString('base64url')])(
    'refuses the cursor %s',
    async (cursor) => {
      const reader = createResultsReader(resultsIn(() => []));

      await expect(reader.bySource({ source: 'news', limit: 1, cursor })).rejects.toThrow(
        /^cursor/,
      );
    },
  );
});

const NOW = Date.UTC(2026, 0, 3, 12);
/** Kept for a day, and gone at NOW; kept for a year, and still there. */
const [EXPIRED, KEPT] = [1, 365];

describe('results that have expired', () => {
  const all = (items: readonly ResultItem[]) =>
    createResultsReader({ ...resultsIn(() => items), now: () => NOW });

  it('are given out by no call, however they are paged, and keep none of the others back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ second: fc.nat(30), expired: fc.boolean() }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        async (given, limit) => {
          const items = given.map(({ second, expired }, at) => {
            const item = itemAt('r', second, 'news', expired ? EXPIRED : KEPT);
            // Of one record, as by different pipelines.
            const sk = `${item.sk}${at}`;
            return { ...item, sk, sourceOrder: `${item.sourceOrder}${at}` };
          });
          const reader = all(items);
          const bySource: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await reader.bySource({ source: 'news', limit, cursor });
            bySource.push(...page.results.map(({ sourceOrder }) => sourceOrder));
            cursor = page.cursor;
          } while (cursor);
          const byId = await reader.byId('r');

          const wanted = items
            .filter((_, at) => !given[at]?.expired)
            .map(({ sourceOrder }) => sourceOrder)
            .sort()
            .reverse();
          expect(bySource).toEqual(wanted);
          expect(byId.map(({ sourceOrder }) => sourceOrder)).toEqual(wanted);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are those whose second has come', async () => {
    const item = { ...itemAt('a', 1), expiresAt: NOW / 1000 };

    const at = (now: number) =>
      createResultsReader({ ...resultsIn(() => [item]), now: () => now }).byId('a');

    expect(await at(NOW - 1)).toHaveLength(1);
    expect(await at(NOW)).toHaveLength(0);
  });

  it('leave an item that nobody can read aside', async () => {
    const good = itemAt('a', 1);
    const bad = { ...itemAt('a', 2), sk: 'RESULT#p#x', packed: Buffer.from('no Brotli') };

    const results = await all([good, bad]).byId('a');

    expect(results).toEqual([good]);
  });
});

describe('a cursor', () => {
  it('that was not given out for the list gives nothing but an error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.json(), fc.base64String()),
        fc.boolean(),
        async (text, encoded) => {
          const reader = createResultsReader(resultsIn(() => [itemAt('a', 1)]));
          const cursor = encoded ? Buffer.from(text).toString('base64url') : text;

          await expect(reader.bySource({ source: 'news', limit: 1, cursor })).rejects.toThrow(
            /^cursor is not one that was given out for this source$/,
          );
          await expect(reader.byId('a', { cursor })).rejects.toThrow(
            /^cursor is not one that was given out for this record$/,
          );
        },
      ),
    );
  });

  it('of another range gives no result of outside the range', async () => {
    const items = Array.from({ length: 20 }, (_, second) => itemAt(`r${second}`, second));
    const reader = createResultsReader(resultsIn(() => items));
    const { cursor } = await reader.bySource({ source: 'news', limit: 5 });

    const later = await reader.bySource({
      source: 'news',
      limit: 5,
      cursor,
      from: '2026-01-01T00:00:18.000Z',
    });
    const earlier = await reader.bySource({
      source: 'news',
      limit: 5,
      cursor,
      to: '2026-01-01T00:00:03.000Z',
    });

    expect(later).toEqual({ results: [] });
    expect(earlier.results.map(({ id }) => id)).toEqual(['r2', 'r1', 'r0']);
  });
});
