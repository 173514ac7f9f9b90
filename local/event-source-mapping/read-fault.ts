/** What a failed read asks for: a new iterator, to begin at the oldest record, or patience. */
export type ReadFault = 'expired-iterator' | 'trimmed' | 'transient';

const faults: Readonly<Record<string, ReadFault>> = {
  ExpiredIteratorException: 'expired-iterator',
  TrimmedDataAccessException: 'trimmed',
};

/** Tells by an SDK error's name what a failed read asks for; throttles and everything unknown pass with time. */
export function readFault(error: unknown): ReadFault {
  return (error instanceof Error && faults[error.name]) || 'transient';
}
