/** Something that waits for its turn among others of its partition key. */
export interface Queued {
  readonly partitionKey: string;
  /** Called when everything before it has left. */
  readonly onTurn: () => void;
}

/** Lets records of one partition key go one after the other; different keys do not wait for each other. */
export interface KeyOrder {
  /** Queues an entry behind those of its key; true where it is the first, so that it may go at once. */
  enter(entry: Queued): boolean;
  /** Takes an entry out, wherever it stands, and gives the turn to the next where it was its own. */
  leave(entry: Queued): void;
}

/** An order in which nothing waits yet. */
export function createKeyOrder(): KeyOrder {
  // A set keeps the order of insertion, and forgets from anywhere in constant time.
  const queues = new Map<string, Set<Queued>>();
  const first = (queue: Set<Queued>): Queued | undefined => queue.values().next().value;
  return {
    enter(entry) {
      const queue = queues.get(entry.partitionKey);
      if (queue) queue.add(entry);
      else queues.set(entry.partitionKey, new Set([entry]));
      return queue === undefined;
    },
    leave(entry) {
      const queue = queues.get(entry.partitionKey);
      if (!queue) return;
      const wasFirst = first(queue) === entry;
      queue.delete(entry);
      const next = first(queue);
      if (next === undefined) queues.delete(entry.partitionKey);
      else if (wasFirst) next.onTurn();
    },
  };
}
