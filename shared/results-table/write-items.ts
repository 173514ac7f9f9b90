import pLimit from 'p-limit';
import { messageOf } from '#shared/errors.ts';
import { backoffDelay, isTransient, wait } from '#shared/retry.ts';
import { type StoredItem, type TableItem, toStoredItem } from './stored-item.ts';

const ITEMS_PER_CALL = 25;
const BACKOFF = { baseMs: 25, capMs: 2_000 };

/** How the write of one item ended: durable, not in time (try again later), or never acceptable to the table. */
export type WriteOutcome =
  | { readonly status: 'stored' }
  | { readonly status: 'late'; readonly reason: string }
  | { readonly status: 'refused'; readonly reason: string };

/** Writes at most 25 items with different keys in one call and returns those left unprocessed. */
export type PutBatch = (items: readonly StoredItem[], signal: AbortSignal) => Promise<StoredItem[]>;

/** Writes items to the results table; outcomes come in the order of the items. */
export interface ResultsWriter {
  /** @param deadline epoch milliseconds after which no call is under way any more */
  write(items: readonly TableItem[], deadline: number): Promise<WriteOutcome[]>;
}

/**
 * A writer on `BatchWriteItem`: 25 items a call, one item per key (the last wins), unprocessed items and transient
 * faults retried with exponential backoff and full jitter until the deadline.
 */
export function createResultsWriter(deps: {
  putBatch: PutBatch;
  concurrency?: number;
  now?: () => number;
  random?: () => number;
}): ResultsWriter {
  const { putBatch, concurrency = 8, now = Date.now, random = Math.random } = deps;

  async function writeChunk(
    chunk: readonly StoredItem[],
    deadline: number,
    settle: (item: StoredItem, outcome: WriteOutcome) => void,
  ): Promise<void> {
    let left = [...chunk];
    let reason = 'the deadline passed';
    for (let attempt = 0; left.length > 0; attempt++) {
      const remaining = deadline - now();
      if (remaining <= 0) break;
      try {
        const unprocessed = await putBatch(left, AbortSignal.timeout(Math.ceil(remaining)));
        const again = new Set(unprocessed.map(keyOf));
        for (const item of left) if (!again.has(keyOf(item))) settle(item, { status: 'stored' });
        left = left.filter((item) => again.has(keyOf(item)));
        if (left.length > 0) reason = 'the table left items unprocessed (throttled)';
      } catch (error) {
        reason = messageOf(error);
        if (!isTransient(error)) {
          if (left.length === 1) {
            for (const item of left) settle(item, { status: 'refused', reason });
            return;
          }
          // One item at fault fails the whole call: halves of it, until that item is alone.
          const middle = Math.ceil(left.length / 2);
          await writeChunk(left.slice(0, middle), deadline, settle);
          await writeChunk(left.slice(middle), deadline, settle);
          return;
        }
      }
      if (left.length > 0)
        await wait(
          Math.max(0, Math.min(deadline - now(), backoffDelay(attempt, { ...BACKOFF, random }))),
        );
    }
    for (const item of left) settle(item, { status: 'late', reason });
  }

  return {
    async write(items, deadline) {
      const outcomes = new Map<string, WriteOutcome>();
      const byKey = new Map<string, StoredItem>();
      for (const item of items) {
        try {
          byKey.set(keyOf(item), toStoredItem(item));
        } catch (error) {
          byKey.delete(keyOf(item));
          outcomes.set(keyOf(item), { status: 'refused', reason: messageOf(error) });
        }
      }
      const stored = [...byKey.values()];
      const limit = pLimit(concurrency);
      const chunks = Array.from({ length: Math.ceil(stored.length / ITEMS_PER_CALL) }, (_, index) =>
        stored.slice(index * ITEMS_PER_CALL, (index + 1) * ITEMS_PER_CALL),
      );
      await Promise.all(
        chunks.map((chunk) =>
          limit(() =>
            writeChunk(chunk, deadline, (item, outcome) => outcomes.set(keyOf(item), outcome)),
          ),
        ),
      );
      return items.map(
        (item) => outcomes.get(keyOf(item)) ?? { status: 'late', reason: 'it was not written' },
      );
    },
  };
}

const keyOf = (item: { pk?: unknown; sk?: unknown }): string => `${item.pk}\n${item.sk}`;
