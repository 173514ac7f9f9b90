import type { MappingSettings } from '#shared/settings.ts';
import type { StreamRecord } from './stream-source.ts';

/** A record that waits in a lane, and since when (epoch milliseconds). */
export interface Buffered {
  readonly record: StreamRecord;
  readonly readAt: number;
}

/** How many records to deliver now, or how long to wait for more. */
export type Cut = { readonly count: number } | { readonly waitMs: number };

/**
 * Decides whether the records that wait make a batch: it is full by number or bytes, its batching window is over, a record of
 * a later tumbling window follows, or no more can come.
 *
 * @param windowOf a record's tumbling window; absent without tumbling windows
 */
export function cutBatch(
  buffer: readonly Buffered[],
  limits: Pick<MappingSettings, 'batchSize' | 'batchingWindowSeconds'> & {
    readonly maximumBytes: number;
  },
  at: { readonly now: number; readonly ended: boolean },
  windowOf: (record: StreamRecord) => number = () => 0,
): Cut {
  const first = buffer[0];
  if (!first) return { waitMs: Number.POSITIVE_INFINITY };
  const window = windowOf(first.record);
  let bytes = 0;
  let count = 0;
  let full = false;
  for (const { record } of buffer) {
    // Separated by commas.
    const grown = bytes + record.bytes + 1;
    full =
      count === limits.batchSize ||
      (count > 0 && grown > limits.maximumBytes) ||
      windowOf(record) > window;
    if (full) break;
    bytes = grown;
    count += 1;
  }
  const waitMs = first.readAt + limits.batchingWindowSeconds * 1000 - at.now;
  if (full || count === limits.batchSize || at.ended || waitMs <= 0) return { count };
  return { waitMs };
}
