import { messageOf, SpanstreamError } from '#shared/errors.ts';

/** Exit codes of what a signal ended, as shells have them: 128 and the signal's number. */
export const CODES = { SIGINT: 130, SIGTERM: 143, SIGPIPE: 141 };
/** `npm` and the terminal may each deliver one and the same Ctrl-C. */
const SAME_KEY_MS = 500;

/** Work that a signal ended; the message says how far it was. */
export class InterruptedError extends SpanstreamError {
  constructor(message: string) {
    super('interrupted', `interrupted: ${message}`);
  }
}

type Cause = keyof typeof CODES;
/** What is to be told when the process is to end. */
const working = new Set<(cause: Cause) => void>();

/**
 * Lets work end cleanly: Ctrl-C, SIGTERM, or a standard output that nobody reads any more aborts its signal, and the process will
 * exit with 130, 143 or 141 whatever the work makes of it; one more signal ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  let code: number | undefined;
  let first = 0;
  const end = (cause: Cause) => {
    if (code === undefined) {
      code = CODES[cause];
      first = Date.now();
      interrupt.abort(new InterruptedError(cause));
    } else if (cause !== 'SIGPIPE' && Date.now() - first > SAME_KEY_MS) process.exit(code);
  };
  const [onInterrupt, onTerminate] = [() => end('SIGINT'), () => end('SIGTERM')];
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  working.add(end);
  try {
    return await work(interrupt.signal);
  } finally {
    working.delete(end);
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onTerminate);
    if (code !== undefined) process.exitCode = code;
  }
}

/** Whether the process is to exit because a signal ended its work. */
export function endedBySignal(): boolean {
  return Object.values(CODES).some((code) => code === process.exitCode);
}

/**
 * Sees to what becomes of a command whose output nobody reads: without standard error it goes on in silence, without standard
 * output the work under way is ended as Ctrl-C ends it. Any other fault of standard output, such as a full disk, is said once.
 */
export function surviveClosedPipes(name: string): void {
  process.stderr.on('error', () => undefined);
  let saidOnce = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && !saidOnce) {
      saidOnce = true;
      process.exitCode = 1;
      process.stderr.write(`${name}: cannot write to standard output: ${messageOf(error)}\n`);
    }
    for (const end of working) end('SIGPIPE');
  });
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
