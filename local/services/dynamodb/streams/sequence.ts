const BASE = 10n ** 22n;

/** Sequence numbers of all streams: 23 digits, so that they sort alike as numbers and as text. */
export function createSequence(last: string | undefined) {
  let current = last === undefined ? BASE : BigInt(last);
  return {
    /** The number given last. */
    last: () => String(current),
    next: () => {
      current += 1n;
      return String(current);
    },
  };
}

/** The number before a sequence number, so that 'at' becomes 'after'. */
export function before(sequenceNumber: string): string {
  const previous = BigInt(sequenceNumber) - 1n;
  return padded(previous < 0n ? 0n : previous);
}

/** A sequence number at its full width, so that text order is number order. */
export function padded(sequenceNumber: bigint | string): string {
  return String(sequenceNumber).padStart(String(BASE).length, '0');
}
