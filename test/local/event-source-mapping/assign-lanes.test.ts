import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assignLanes } from '#local/event-source-mapping/shard-consumer.ts';

it('deals every record to one lane, all of a key to the same lane, in their order', () => {
  const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'é'), { maxLength: 50 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 10 }), (given, lanes) => {
      const records = given.map((partitionKey, index) => ({ partitionKey, index }));

      const dealt = assignLanes(records, lanes);

      expect(dealt).toHaveLength(lanes);
      expect(
        dealt
          .flat()
          .map(({ index }) => index)
          .sort((a, b) => a - b),
      ).toEqual(records.map(({ index }) => index));
      for (const key of new Set(given)) {
        const holders = dealt.filter((lane) => lane.some((r) => r.partitionKey === key));
        expect(holders).toHaveLength(1);
        const order = holders[0]?.filter((r) => r.partitionKey === key);
        expect(order).toEqual(records.filter((r) => r.partitionKey === key));
      }
    }),
  );
});

it('uses the lanes that there are', () => {
  const records = Array.from({ length: 200 }, (_, index) => ({ partitionKey: `key-${index}` }));

  const sizes = assignLanes(records, 4).map(({ length }) => length);

  expect(Math.min(...sizes)).toBeGreaterThan(25);
});
