import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResultsReader, type QueryItems } from '#shared/results-table/read-results.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';

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

/** `Query`, newest first, over items in memory. */
const queryOver =
  (items: readonly ReturnType<typeof itemAt>[]): QueryItems =>
  async ({ key, range, startAfter, limit }) =>
    items
      .filter((item) => Reflect.get(item, key[0]) === key[1])
      .filter(({ sourceOrder }) => !range || (sourceOrder >= range[1] && sourceOrder <= range[2]))
      .sort((a, b) => (a.sourceOrder < b.sourceOrder ? 1 : -1))
      .filter(({ sourceOrder }) => !startAfter || sourceOrder < (startAfter.sourceOrder ?? ''))
      .slice(0, limit);

describe('bySource', () => {
  it('gives every result of the source once, newest first, whatever the page size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(50), { maxLength: 60 }),
        fc.integer({ min: 1, max: 25 }),
        fc.nat(50),
        async (seconds, limit, from) => {
          const items = seconds.map((second, index) => itemAt(`r${index}`, second));
          const reader = createResultsReader(queryOver([...items, itemAt('other', 1, 'chat')]));
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
    const reader = createResultsReader(queryOver([itemAt('a', 1), itemAt('b', 2)]));

    const page = await reader.bySource({
      source: 'news',
      limit: 9,
      to: '2026-01-01T00:00:02.000Z',
    });

    expect(page.results.map(({ id }) => id)).toEqual(['a']);
  });

  it.each(['x', 'bnVsbA', Buffer.from('{"source":"chat","slots":[]}').toString('base64url')])(
    'refuses the cursor %s',
    async (cursor) => {
      const reader = createResultsReader(queryOver([]));

      await expect(reader.bySource({ source: 'news', limit: 1, cursor })).rejects.toThrow(
        /^cursor/,
      );
    },
  );
});
