import { type Blob, sizeOf } from './put-records.ts';

/** An item in hand: read, and not yet on the stream. */
export interface Entry<T> extends Blob {
  readonly item: T;
  readonly bytes: number;
  attempts: number;
}

/** What waits for its turn, by partition key: the first of each may be sent, and the next is called when it has left. */
export type KeyOrder = Map<string, Map<object, () => void>>;

/**
 * What one `put` has in hand, at first nothing: what may be sent, what waits for its time, and what waits for its turn among
 * others of its key.
 *
 * @param order shared by all backlogs of a producer, so that records of one key go one after the other
 * @param wake called when an entry's turn comes
 */
export function createBacklog<T>(order: KeyOrder, wake: () => void) {
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
    /** Takes an item in, behind everything of its key. */
    add(item: T, { data, partitionKey }: Blob): void {
      const size = sizeOf({ data, partitionKey });
      const entry: Entry<T> = { item, data, partitionKey, bytes: size, attempts: 0 };
      inHand.add(entry);
      bytes += size;
      // A map keeps the order of insertion, and forgets from anywhere in constant time.
      const queue = order.get(partitionKey) ?? new Map();
      if (queue.size === 0) {
        order.set(partitionKey, queue);
        ready.push(entry);
      }
      queue.set(entry, () => {
        ready.push(entry);
        wake();
      });
    },
    /** The next that may be sent, without taking it; `now` decides what is due. */
    peek(now: number): Entry<T> | undefined {
      if (earliest <= now) {
        const due = delayed.filter(({ until }) => until <= now);
        delayed = delayed.filter(({ until }) => until > now);
        earliest = Math.min(Number.POSITIVE_INFINITY, ...delayed.map(({ until }) => until));
        ready.unshift(...due.map(({ entry }) => entry));
      }
      return ready[0];
    },
    /** Takes the one that was seen, to be sent. */
    take: () => void ready.shift(),
    /** Puts what was sent in vain back in front of what may be sent. */
    putBack: (entries: readonly Entry<T>[]) => void ready.unshift(...entries),
    /** Lets an entry that was sent in vain wait until a moment. */
    delay(entry: Entry<T>, until: number): void {
      delayed.push({ entry, until });
      earliest = Math.min(earliest, until);
    },
    /** When the next of those is due. */
    nextDue: () => (earliest === Number.POSITIVE_INFINITY ? undefined : earliest),
    /** Lets go of an entry for good, wherever it stands; where it was the first of its key, the next has its turn. */
    remove(entry: Entry<T>): void {
      if (!inHand.delete(entry)) return;
      bytes -= entry.bytes;
      const queue = order.get(entry.partitionKey);
      const wasFirst = queue?.keys().next().value === entry;
      queue?.delete(entry);
      if (queue?.size === 0) order.delete(entry.partitionKey);
      else if (wasFirst) queue?.values().next().value?.();
    },
    /** Everything in hand, in the order in which it was read. */
    entries: (): readonly Entry<T>[] => [...inHand],
  };
}
