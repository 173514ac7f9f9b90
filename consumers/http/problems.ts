import type { Problem } from '#shared/contracts/http-api.ts';
import { messageOf, SpanstreamError, ValidationError } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  404: 'Not found',
  405: 'Method not allowed',
  413: 'Content too large',
  415: 'Unsupported media type',
  500: 'Internal error',
  503: 'Not available',
  504: 'Out of time',
};

/** Longest field, path or sentence of a problem: what a client sent may be of megabytes, and comes back in it. */
const LONGEST = 500;
const clipped = (text: string): string =>
  text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`.toWellFormed();

/** An error to be answered with a status of its own; what it says is meant for the client. */
export class HttpError extends SpanstreamError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Where a page goes on past what could not be given. */
  readonly cursor: string | undefined;

  constructor(
    status: number,
    detail: string,
    options: ErrorOptions & { headers?: Readonly<Record<string, string>>; cursor?: string } = {},
  ) {
    super(`http-${status}`, detail, options);
    this.status = status;
    this.headers = options.headers ?? {};
    this.cursor = options.cursor;
  }
}

/** The error of what a call needs and cannot have just now, such as `The models are not available`; why is for the log. */
export function unavailable(what: string, log: Logger, cause: unknown): HttpError {
  log.error({ why: messageOf(cause) }, what);
  return new HttpError(503, `${what}; try again.`, { headers: { 'retry-after': '1' }, cause });
}

/**
 * Does what a call needs.
 *
 * @throws {HttpError} 503 where it fails, or what the signal aborted with
 */
export async function orUnavailable<T>(
  what: string,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
  ask: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  try {
    return await ask();
  } catch (cause) {
    signal.throwIfAborted();
    throw unavailable(what, log, cause);
  }
}

/** What a client is told of an error: its own faults in full, ours without any detail. */
export function problemOf(error: unknown, instance?: string): Problem {
  const { status, detail, ...more } = describe(error);
  return {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    detail: clipped(detail),
    ...(instance !== undefined && { instance: clipped(instance) }),
    ...more,
  };
}

function describe(error: unknown): Omit<Problem, 'type' | 'title' | 'instance'> {
  if (error instanceof HttpError) {
    const { status, message: detail, cursor } = error;
    return { status, detail, ...(cursor !== undefined && { cursor }) };
  }
  if (error instanceof ValidationError) {
    const field = clipped(error.field === '(record)' ? '(body)' : error.field);
    const message = clipped(error.message.replace('(record)', '(body)'));
    const status = error.code === 'too-large' ? 413 : 400;
    return { status, detail: message, errors: [{ field, message }] };
  }
  return { status: 500, detail: 'The request could not be served; try again later.' };
}
