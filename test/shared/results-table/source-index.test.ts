import { expect, it } from 'vitest';
import { itemSize } from '#shared/results-table/item-size.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';

it('has entries of less than a write unit, however long id and source are', () => {
  const { pk, sk, sourceKey, sourceOrder } = createResultItem(
    {
      record: { id: 'i'.repeat(128), text: 'Ada', source: 's'.repeat(64) },
      questions: [],
      scope: 'entities',
      analysis: { entities: [], answers: [], tokens: 1, windows: 1 },
      pipelineVersion: 'f'.repeat(64),
      arrival: { arrivedAt: '2026-01-01T00:00:00.000Z', shard: 's', sequenceNumber: '1' },
    },
    { storeText: true, retentionDays: 1 },
  );

  const size = itemSize({ pk, sk, sourceKey, sourceOrder });

  expect(size).toBeGreaterThan(3 * 128);
  expect(size).toBeLessThan(1_024);
});
