import pLimit from 'p-limit';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import { backoffDelay, isUnavailable, wait } from '#shared/retry.ts';
import type { StoredItem } from './stored-item.ts';

/** What `BatchGetItem` takes at most. */
const KEYS_PER_CALL = 100;
const CONCURRENCY = 4;
/** Calls in a row that bring nothing until the table counts as out of reach: some three seconds. */
const FRUITLESS_CALLS = 8;
const BACKOFF = { baseMs: 25, capMs: 1_000 };

/** Primary key of an item of the results table. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** Reads at most 100 items by different keys in one call: those that there are, in any order, and the keys left unprocessed. */
export type GetBatch = (
  keys: readonly ItemKey[],
  signal?: AbortSignal,
) => Promise<{ readonly items: StoredItem[]; readonly unprocessed: readonly ItemKey[] }>;

/**
 * The items of these keys, in the keys' order; undefined where there is none. Keys left unprocessed, and those of calls that
 * a service out of reach did not answer, are asked for again with exponential backoff and full jitter.
 *
 * @param deps.signal gives up: no call is under way any more once it aborts
 * @throws {SpanstreamError} `table-throttled` where the table gives nothing any more
 */
export async function getItems(
  keys: readonly ItemKey[],
  deps: {
    getBatch: GetBatch;
    pause?: (milliseconds: number) => Promise<void>;
    signal?: AbortSignal;
  },
): Promise<(StoredItem | undefined)[]> {
  const { getBatch, pause = wait, signal } = deps;
  const found = new Map<string, StoredItem>();

  async function getChunk(chunk: readonly ItemKey[]): Promise<void> {
    let left = chunk;
    for (let fruitless = 0; left.length > 0; await pause(backoffDelay(fruitless, BACKOFF))) {
      signal?.throwIfAborted();
      let unprocessed = left;
      let cause: unknown;
      try {
        const answer = await getBatch(left, signal);
        for (const item of answer.items) found.set(nameOf(item), item);
        unprocessed = answer.unprocessed;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        cause = error;
      }
      if (unprocessed.length === 0) return;
      fruitless = unprocessed.length < left.length ? 0 : fruitless + 1;
      if (fruitless === FRUITLESS_CALLS) {
        const why = cause === undefined ? 'throttled' : messageOf(cause);
        throw new SpanstreamError(
          'table-throttled',
          `the table left ${left.length} items unprocessed (${why})`,
          { cause },
        );
      }
      left = unprocessed;
    }
  }

  // A call that names a key twice is refused.
  const distinct = [...new Map(keys.map((key) => [nameOf(key), key])).values()];
  const limit = pLimit(CONCURRENCY);
  const chunks = Array.from({ length: Math.ceil(distinct.length / KEYS_PER_CALL) }, (_, index) =>
    distinct.slice(index * KEYS_PER_CALL, (index + 1) * KEYS_PER_CALL),
  );
  await Promise.all(chunks.map((chunk) => limit(() => getChunk(chunk))));
  return keys.map((key) => found.get(nameOf(key)));
}

const nameOf = ({ pk, sk }: { pk?: unknown; sk?: unknown }): string => `${pk}\n${sk}`;
