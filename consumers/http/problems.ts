import type { Problem } from '#shared/contracts/http-api.ts';
import { SpanstreamError, ValidationError } from '#shared/errors.ts';

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

/** An error to be answered with a status of its own; what it says is meant for the client. */
export class HttpError extends SpanstreamError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(`http-${status}`, detail);
    this.status = status;
    this.headers = headers;
  }
}

/** What a client is told of an error: its own faults in full, ours without any detail. */
export function problemOf(error: unknown, instance?: string): Problem {
  const { status, detail, errors } = describe(error);
  return {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    detail,
    ...(instance !== undefined && { instance }),
    ...(errors && { errors }),
  };
}

function describe(error: unknown): Pick<Problem, 'status' | 'detail' | 'errors'> {
  if (error instanceof HttpError) return { status: error.status, detail: error.message };
  if (error instanceof ValidationError) {
    const field = error.field === '(record)' ? '(body)' : error.field;
    const message = error.message.replace('(record)', '(body)');
    return {
      status: error.code === 'too-large' ? 413 : 400,
      detail: message,
      errors: [{ field, message }],
    };
  }
  return { status: 500, detail: 'The request could not be served; try again later.' };
}
