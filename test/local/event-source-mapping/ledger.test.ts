import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLedger } from '#local/event-source-mapping/ledger.ts';
import { aRecord, someRecords } from './records.ts';

it('covers no gap: the checkpoint is the last record before which all are settled', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(
        someRecords(20).map((_, index) => index),
        { minLength: 0 },
      ),
      (order) => {
        const ledger = createLedger('999');
        const records = someRecords(20);
        for (const record of records) ledger.enter(record);
        const settled = new Set<number>();
        for (const index of order) {
          ledger.settle([aRecord(index)]);
          settled.add(index);
          const firstOpen = records.findIndex((_, place) => !settled.has(place));
          const last = firstOpen === -1 ? 19 : firstOpen - 1;
          expect(ledger.checkpoint()).toBe(String(1_000 + last));
          expect(ledger.unsettled()).toBe(20 - settled.size);
          expect(ledger.oldestArrival()).toBe(records[firstOpen]?.arrivedAt);
        }
      },
    ),
  );
});

it('counts a record that is settled twice once', () => {
  const ledger = createLedger();
  for (const record of someRecords(3)) ledger.enter(record);

  ledger.settle([aRecord(1)]);
  ledger.settle([aRecord(1)]);

  expect(ledger.unsettled()).toBe(2);
  expect(ledger.checkpoint()).toBeUndefined();
});
