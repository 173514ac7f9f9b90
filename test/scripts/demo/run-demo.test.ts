import { describe, expect, it } from 'vitest';
import { compare, readDemoInput } from '../../../scripts/demo/run-demo.ts';

const idsOf = ({ blobs }: Awaited<ReturnType<typeof readDemoInput>>, texts: number) =>
  blobs.slice(0, texts).map(({ data }) => JSON.parse(data.toString()).id);

describe('readDemoInput', () => {
  it('reads so many texts, and every poison record', async () => {
    const [none, few, all] = [
      await readDemoInput(0),
      await readDemoInput(3),
      await readDemoInput(),
    ];

    expect(few.blobs).toHaveLength(none.blobs.length + 3);
    expect(few.good).toBe(none.good + 3);
    expect(few.poison).toBe(none.poison);
    expect(all.good).toBeGreaterThan(2_000);
  });

  it('gives texts again under other ids where more are asked for than there are', async () => {
    const all = await readDemoInput();
    const texts = all.good - (await readDemoInput(0)).good;

    const more = await readDemoInput(2 * texts + 5);

    const ids = idsOf(more, 2 * texts + 5);
    expect(new Set(ids).size).toBe(2 * texts + 5);
    expect(ids.slice(0, texts)).toEqual(idsOf(all, texts));
    expect(ids[2 * texts]).toBe(`${ids[0]}.3`);
  });
});

describe('compare', () => {
  const metrics = { RecordsProcessed: { published: 2, table: 2 } };
  const books = { results: [{ id: 'a' }, { id: 'b' }], rejections: 1, failureObjects: 1, metrics };
  const judge = (changed: object) =>
    compare({ blobs: [], good: 2, poison: 1 }, { ...books, ...changed } as never);

  it.each([
    ['nothing', {}, { lost: 0, duplicated: 0 }],
    ['a result that is missing', { results: [{ id: 'a' }] }, { lost: 1, duplicated: 0 }],
    [
      'a result too many',
      { results: [{ id: 'a' }, { id: 'b' }, { id: 'b' }] },
      { lost: 0, duplicated: 1 },
    ],
    ['a dead letter without its bytes', { failureObjects: 0 }, { lost: 1, duplicated: 0 }],
    ['a rejection counted twice', { rejections: 2 }, { lost: 0, duplicated: 1 }],
    [
      'a metric that is short',
      { metrics: { RecordsProcessed: { published: 1, table: 2 } } },
      { lost: 1, duplicated: 0 },
    ],
    [
      'a metric that is over',
      { metrics: { RecordsProcessed: { published: 3, table: 2 } } },
      { lost: 0, duplicated: 1 },
    ],
  ])('finds %s', (_, changed, found) => {
    expect(judge(changed)).toEqual(found);
  });
});
