import { SpanstreamError } from '#shared/errors.ts';

/** Exit code of what Ctrl-C ended, as shells have it: 128 and the signal's number. */
const INTERRUPTED = 130;
/** `npm` and the terminal may each deliver one and the same Ctrl-C. */
const SAME_KEY_MS = 500;

/** Work that Ctrl-C ended; the message says how far it was. */
export class InterruptedError extends SpanstreamError {
  readonly exitCode = INTERRUPTED;

  constructor(message: string) {
    super('interrupted', `interrupted: ${message}`);
  }
}

/**
 * Lets work end cleanly at Ctrl-C: the first aborts its signal, and the process will exit with 130 whatever the work makes of
 * it; one more ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  let first = 0;
  const onInterrupt = () => {
    if (!interrupt.signal.aborted) {
      first = Date.now();
      interrupt.abort();
    } else if (Date.now() - first > SAME_KEY_MS) process.exit(INTERRUPTED);
  };
  process.on('SIGINT', onInterrupt);
  try {
    return await work(interrupt.signal);
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    if (interrupt.signal.aborted) process.exitCode = INTERRUPTED;
  }
}

/**
 * Waits for work that cannot be told to stop, but no longer than until the signal aborts; what comes of it after that is lost.
 *
 * @throws {InterruptedError} with the message
 */
export async function untilInterrupted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  message: () => string,
): Promise<T> {
  let onAbort = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new InterruptedError(message()));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
