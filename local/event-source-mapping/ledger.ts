/** Which records of a shard were read and which are settled: lanes settle out of order, a checkpoint covers no gap. */
export interface Ledger {
  /** Enters a record, in the order of the shard. */
  enter(record: { readonly sequenceNumber: string; readonly arrivedAt: number }): void;
  /** Strikes records off. */
  settle(records: readonly { readonly sequenceNumber: string }[]): void;
  /** The last sequence number before which all are settled. */
  checkpoint(): string | undefined;
  /** Records that are entered and not struck off. */
  unsettled(): number;
  /** Arrival of the first of them. */
  oldestArrival(): number | undefined;
}

/** A ledger that goes on after `checkpoint`. */
export function createLedger(checkpoint?: string): Ledger {
  const open = new Map<string, { arrivedAt: number; settled: boolean }>();
  let last = checkpoint;
  let unsettled = 0;
  return {
    enter({ sequenceNumber, arrivedAt }) {
      open.set(sequenceNumber, { arrivedAt, settled: false });
      unsettled += 1;
    },
    settle(records) {
      for (const { sequenceNumber } of records) {
        const entry = open.get(sequenceNumber);
        if (!entry || entry.settled) continue;
        entry.settled = true;
        unsettled -= 1;
      }
      // A map keeps the order of entry.
      for (const [sequenceNumber, { settled }] of open) {
        if (!settled) break;
        open.delete(sequenceNumber);
        last = sequenceNumber;
      }
    },
    checkpoint: () => last,
    unsettled: () => unsettled,
    oldestArrival: () => open.values().next().value?.arrivedAt,
  };
}
