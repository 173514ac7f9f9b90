import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import { resultsIn } from './doubles.ts';

const itemAt = (id: string, second: number, source = 'news') =>
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
    { storeText: true, retentionDays: 0 },
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
