import type { KeyOrder, Queued } from './key-order.ts';
import { type Blob, sizeOf } from './put-records.ts';

/** An item in hand: read, and not yet on the stream. */
export interface Entry<T> extends Blob, Queued {
  readonly item: T;
  readonly bytes: number;
  attempts: number;
}

/** What one `put` has in hand: what may be sent, what waits for its time, and what waits for its turn among others of its key. */
export interface Backlog<T> {
  readonly count: number;
  readonly bytes: number;
  /** Takes an item in, behind everything of its key. */
  add(item: T, blob: Blob): void;
  /** The next that may be sent, without taking it; `now` decides what is due. */
  peek(now: number): Entry<T> | undefined;
  /** Takes the one that was seen, to be sent. */
  take(): void;
  /** Puts what was sent in vain back in front of what may be sent. */
  putBack(entries: readonly Entry<T>[]): void;
  /** Lets an entry that was sent in vain wait until a moment. */
  delay(entry: Entry<T>, until: number): void;
  /** When the next of those is due. */
  nextDue(): number | undefined;
  /** Lets go of an entry for good; the next of its key has its turn. */
  remove(entry: Entry<T>): void;
  /** Everything in hand, in the order in which it was read. */
  entries(): readonly Entry<T>[];
}

/** A backlog in which there is nothing; `wake` is called when an entry's turn comes. */
export function createBacklog<T>(order: KeyOrder, wake: () => void): Backlog<T> {
  const inHand = new Set<Entry<T>>();
  const ready: Entry<T>[] = [];
  let delayed: { readonly entry: Entry<T>; readonly until: number }[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  let bytes = 0;
  return {
    get count() {
      return inHand.size;
    },
    get bytes() {
      return bytes;
    },
    add(item, { data, partitionKey }) {
      const entry: Entry<T> = {
        item,
        data,
        partitionKey,
        bytes: sizeOf({ data, partitionKey }),
        attempts: 0,
        onTurn() {
          ready.push(entry);
          wake();
        },
      };
      inHand.add(entry);
      bytes += entry.bytes;
      if (order.enter(entry)) ready.push(entry);
    },
    peek(now) {
      if (earliest <= now) {
        const due = delayed.filter(({ until }) => until <= now);
        delayed = delayed.filter(({ until }) => until > now);
        earliest = Math.min(Number.POSITIVE_INFINITY, ...delayed.map(({ until }) => until));
        ready.unshift(...due.map(({ entry }) => entry));
      }
      return ready[0];
    },
    take: () => void ready.shift(),
    putBack: (entries) => void ready.unshift(...entries),
    delay(entry, until) {
      delayed.push({ entry, until });
      earliest = Math.min(earliest, until);
    },
    nextDue: () => (earliest === Number.POSITIVE_INFINITY ? undefined : earliest),
    remove(entry) {
      if (!inHand.delete(entry)) return;
      bytes -= entry.bytes;
      order.leave(entry);
    },
    entries: () => [...inHand],
  };
}
