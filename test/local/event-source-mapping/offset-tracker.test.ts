import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createOffsetTracker } from '#local/event-source-mapping/checkpoints.ts';
import { aRecord, someRecords } from './records.ts';

it('covers no gap: the checkpoint is the last record before which all are settled', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(
        someRecords(20).map((_, index) => index),
        { minLength: 0 },
      ),
      (order) => {
        const tracker = createOffsetTracker('999');
        const records = someRecords(20);
        for (const record of records) tracker.enter(record);
        const settled = new Set<number>();
        for (const index of order) {
          tracker.settle([aRecord(index)]);
          settled.add(index);
          const firstOpen = records.findIndex((_, place) => !settled.has(place));
          const last = firstOpen === -1 ? 19 : firstOpen - 1;
          expect(tracker.checkpoint()).toBe(String(1_000 + last));
          expect(tracker.unsettled()).toBe(20 - settled.size);
          expect(tracker.oldestArrival()).toBe(records[firstOpen]?.arrivedAt);
        }
      },
    ),
  );
});

it('counts a record that is settled twice once', () => {
  const tracker = createOffsetTracker();
  for (const record of someRecords(3)) tracker.enter(record);

  tracker.settle([aRecord(1)]);
  tracker.settle([aRecord(1)]);

  expect(tracker.unsettled()).toBe(2);
  expect(tracker.checkpoint()).toBeUndefined();
});
