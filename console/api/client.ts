import type { Problem } from '#shared/contracts/http-api.ts';
import { accessKey, refuseAccessKey } from './access-key.ts';

const TIMEOUT_MS = 30_000;

/** Why a call has no answer, in words for the reader. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 where the API could not be reached. */
  readonly status: number;
  /** Fields at fault, by name. */
  readonly fields: readonly { readonly field: string; readonly message: string }[];

  constructor(status: number, message: string, fields: ApiError['fields'] = []) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

/** One call: its path and query, or its body. */
export interface Call {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Makes it a POST. */
  readonly body?: unknown;
  /** A field that its answer must have: what else answers is not the API. */
  readonly expect: string;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Calls what the page's own origin serves.
 *
 * @throws {ApiError} where it cannot be reached, refuses, or answers what is no answer of the API
 */
export async function call<Answer>({
  path,
  query = {},
  body,
  expect,
  signal,
  headers,
}: Call): Promise<Answer> {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value]],
  );
  const search = given.length > 0 ? `?${new URLSearchParams(given)}` : '';
  const key = accessKey();
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${path}${search}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      accept: 'application/json',
      ...(key !== '' && { 'x-api-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    cache: 'no-store',
    credentials: 'omit',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, timeout.aborted ? 'It did not answer in time.' : 'It cannot be reached.');
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.status === 403) refuseAccessKey();
  if (!response.ok) throw errorOf(response.status, answer);
  if (typeof answer !== 'object' || answer === null || !(expect in answer)) {
    throw new ApiError(response.status, 'What answered is not the API of Spanstream.');
  }
  return answer as Answer;
}

function errorOf(status: number, answer: unknown): ApiError {
  const { title, detail, errors = [] } = (answer ?? {}) as Partial<Problem>;
  const said = detail ?? title ?? `It answered with status ${status}.`;
  return new ApiError(status, said, errors);
}

/** What went wrong, in a sentence. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
