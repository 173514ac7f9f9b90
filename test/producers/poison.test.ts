import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { decodeStreamRecord } from '#shared/stream/decode-record.ts';

const poisons = z
  .array(
    z.object({
      name: z.string(),
      expectedReasons: z.array(z.string()),
      goodRecords: z.int(),
      dataBase64: z.base64(),
    }),
  )
  .min(1)
  .parse(
    JSON.parse(readFileSync(new URL('../../fixtures/texts/poison.json', import.meta.url), 'utf8')),
  );

describe('poison.json', () => {
  it.each(poisons)('$name is parked for exactly the reasons that it names', (poison) => {
    const decoded = decodeStreamRecord({
      position: { stream: 'text', shard: 'shardId-000000000000', sequenceNumber: '1' },
      partitionKey: poison.name,
      arrivedAt: '2026-02-03T04:05:06.000Z',
      data: Buffer.from(poison.dataBase64, 'base64'),
    });

    const reasons = decoded.flatMap(({ rejection }) => rejection?.reason ?? []);
    const good = decoded.filter(({ record }) => record !== undefined);
    expect(reasons).toEqual(poison.expectedReasons);
    expect(good).toHaveLength(poison.goodRecords);
  });
});
