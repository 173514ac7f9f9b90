import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fromAttributes, toAttributes } from '#shared/results-table/attribute-values.ts';
import { itemSize } from '#shared/results-table/item-size.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import {
  fromStoredItem,
  LARGEST_ITEM_BYTES,
  toStoredItem,
} from '#shared/results-table/stored-item.ts';

/** The densest text there can be: every other character an entity, scores and letters without any pattern. */
function worstItem(storeText: boolean) {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const letters = Array.from({ length: 51_200 }, () => String.fromCharCode(65 + random() * 58));
  const entities = letters.map((text, index) => ({
    type: ['PER', 'ORG', 'LOC', 'MISC'][Math.floor(random() * 4)] ?? 'PER',
    text,
    start: index * 2,
    end: index * 2 + 1,
    score: random(),
  }));
  return createResultItem(
    {
      record: { id: 'worst', text: letters.join(' '), source: 'news' },
      questions: [],
      analysis: { entities, answers: [], tokens: 51_200, windows: 200 },
      pipelineVersion: 'p',
      arrival: { arrivedAt: '2026-01-01T00:00:00.000Z', shard: 's', sequenceNumber: '1' },
    },
    { storeText, retentionDays: 1 },
  );
}

describe('toStoredItem', () => {
  it.each([true, false])(
    'keeps the densest text within 400 KB and loses nothing (text kept: %s)',
    (kept) => {
      const item = worstItem(kept);
      expect(itemSize(item)).toBeGreaterThan(2_000_000);

      const stored = toStoredItem(item);

      expect(itemSize(stored)).toBeLessThan(LARGEST_ITEM_BYTES);
      expect(fromStoredItem(stored)).toEqual(item);
      expect(stored).toMatchObject({ expiresAt: item.expiresAt, sourceKey: item.sourceKey });
    },
  );

  it('keeps parts of speech and personal data of a long text, hidden or not', () => {
    const { text = '', ...item } = worstItem(true);
    const spans = item.entities.map(({ start, end, score }) => ({ start, end, score }));
    const tags = spans.map((span, index) => ({ ...span, tag: index % 3 ? 'NOUN' : 'PUNCT' }));
    const pii = spans
      .slice(0, 5_000)
      .map((span, index) => ({ ...span, kind: index % 2 ? 'EMAIL' : 'PHONE', text: '[HIDDEN]' }));
    const full = { ...item, text, entities: [], tags, pii, redacted: 'type' as const };

    const stored = toStoredItem(full);

    expect(stored).toHaveProperty('packed');
    expect(fromStoredItem(stored)).toEqual(full);
  });

  it('keeps the score of a label that is a quantity, not a probability', () => {
    const quantities = [4.25, -2.1234567, 3.4e38, 0.1234567];
    const labels = quantities.map((score) => ({ task: 'stars', label: 'stars', score }));
    const analysis = { entities: [], answers: [], labels, tokens: 1, windows: 1 };
    const item = createResultItem(
      {
        record: { id: 'a', text: 'a', source: 's' },
        questions: [],
        analysis,
        pipelineVersion: 'p',
        arrival: { arrivedAt: '2026-01-01T00:00:00.000Z', shard: 's', sequenceNumber: '1' },
      },
      { storeText: true, retentionDays: 0 },
    );

    const read = fromStoredItem(fromAttributes(toAttributes(toStoredItem(item))));

    expect(read).toEqual(item);
    expect(item.labels?.map(({ score }) => score)).toEqual([4.25, -2.123457, 3.4e38, 0.123457]);
  });

  it('reads what version 0.1 packed', () => {
    const item = worstItem(true);
    const { packed, ...rest } = toStoredItem(item);
    const body = JSON.parse(brotliDecompressSync(packed as Uint8Array).toString());

    expect(Object.keys(body).sort()).toEqual(['spans', 'text', 'types']);
    expect(fromStoredItem({ ...rest, packed })).toEqual(item);
  });

  it('leaves an item of common size as it is', () => {
    const item = worstItem(true);
    const small = { ...item, entities: item.entities.slice(0, 100) };

    expect(toStoredItem(small)).toEqual(small);
  });
});
