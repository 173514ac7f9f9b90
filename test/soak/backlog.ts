/** What is put and not processed, taking the stream as first in, first out. */
export interface Backlog {
  /** Notes that `records` more are being put, at epoch milliseconds. */
  put(records: number, at: number): void;
  /** Notes how many are processed in all, and gives the age of the oldest that is not, in milliseconds. */
  lag(settled: number, now: number): number;
}

/** A backlog of nothing. */
export function createBacklog(): Backlog {
  const waiting: { readonly upTo: number; readonly at: number }[] = [];
  let put = 0;
  return {
    put(records, at) {
      put += records;
      waiting.push({ upTo: put, at });
    },
    lag(settled, now) {
      while (waiting[0] !== undefined && waiting[0].upTo <= settled) waiting.shift();
      return waiting[0] === undefined ? 0 : Math.max(0, now - waiting[0].at);
    },
  };
}
