import type { Checkpoint } from './checkpoints.ts';
import type { SourceRecord, StreamSource } from './source.ts';

/** A tumbling window that is open on a shard. */
type OpenWindow = NonNullable<Checkpoint['window']>;

/** Start of the window that a time falls in, epoch milliseconds. */
export function windowStart(time: number, lengthMs: number): number {
  return Math.floor(time / lengthMs) * lengthMs;
}

/**
 * Whether the open window has seen its last record: the next record to deliver falls in a later one, or there is none and the
 * shard was read to its tip after the window's end, or the shard is at its end.
 */
export function isWindowOver(
  window: OpenWindow,
  lengthMs: number,
  shard: {
    readonly next: SourceRecord | undefined;
    readonly emptyReadAt: number | undefined;
    readonly readToEnd: boolean;
  },
): boolean {
  if (shard.next) return windowStart(shard.next.arrivedAt, lengthMs) > window.start;
  return shard.readToEnd || (shard.emptyReadAt ?? 0) >= window.start + lengthMs;
}

const isoSeconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/**
 * What a function is invoked with: the records, and in a tumbling window what it needs to go on from its state. Without records
 * the window is over.
 */
export function eventOf(
  records: readonly SourceRecord[],
  shard: {
    readonly window: OpenWindow | undefined;
    readonly lengthMs: number;
    readonly shardId: string;
    readonly source: Pick<StreamSource, 'arn'>;
  },
) {
  const { window, lengthMs, shardId, source } = shard;
  const plain = { Records: records.map(({ event }) => event) };
  if (!window) return plain;
  return {
    ...plain,
    window: { start: isoSeconds(window.start), end: isoSeconds(window.start + lengthMs) },
    state: window.state,
    shardId,
    eventSourceARN: source.arn,
    isFinalInvokeForWindow: records.length === 0,
    isWindowTerminatedEarly: false,
  };
}
