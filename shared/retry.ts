import { setTimeout as delay } from 'node:timers/promises';

/*
 * What retries what: an SDK client sends a call again itself (`maxAttempts`) when the service fails or cannot be reached. What it
 * does not see is retried by its caller with `backoffDelay`: single items or records that an accepted call left out.
 */

const THROTTLE_NAME =
  /throttl|toomanyrequests|slowdown|requestlimit|provisionedthroughput|limitexceeded/i;

/** HTTP status of an SDK error; undefined where no answer came. */
export function statusOf(error: unknown): number | undefined {
  if (error === null || typeof error !== 'object') return undefined;
  const metadata: unknown = Reflect.get(error, '$metadata');
  if (metadata === null || typeof metadata !== 'object') return undefined;
  const status: unknown = Reflect.get(metadata, 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

/** Whether the service said that it took nothing because it was asked too often. */
export function isThrottle(error: unknown): boolean {
  return statusOf(error) === 429 || THROTTLE_NAME.test(`${nameOf(error)} ${codeOf(error)}`);
}

/** Codes of the operating system (`ECONNRESET`), of TLS, HTTP/2 and undici: what goes wrong between us and a service. */
const NETWORK_CODE =
  /^(ECONN\w+|E(PIPE|TIMEDOUT|PROTO|CANCELED|NOTFOUND|MFILE|NFILE|NOBUFS|NOMEM|AGAIN)|E(HOST|NET)\w+|EADDR\w+|EAI_\w+|\w*CERT\w*|UNABLE_TO_\w+|ERR_(TLS|SSL|HTTP2|STREAM|SOCKET)\w*|UND_ERR_\w+)$/;
const NETWORK_NAME = /^(AbortError|TimeoutError|RequestTimeout|NetworkingError|\w*ProviderError)$/;

/** Whether no answer came because of the way to the service: a lost connection, a time-out, no credentials just then. */
function isNetworkFault(error: unknown, depth = 0): boolean {
  // However an error came by its causes, even as one of them, there is an end to looking.
  if (!(error instanceof Error) || depth > 8) return false;
  return (
    NETWORK_NAME.test(error.name) ||
    NETWORK_CODE.test(codeOf(error)) ||
    isNetworkFault(error.cause, depth + 1)
  );
}

/** Whether the service could not be reached, was asked too often or failed: the same call may do at once, a little later. */
export function isUnavailable(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined
    ? isNetworkFault(error) || isThrottle(error)
    : status >= 500 || isThrottle(error);
}

/** What a service says of a request that is itself at fault. Missing rights or tables can be mended; this cannot. */
const REQUEST_AT_FAULT = /^(ValidationException|SerializationException)$/;

/**
 * Whether a call may succeed later. An error that is neither a service's answer nor a fault of the network was made here, out of
 * what was to be sent: it comes again for ever.
 */
export function isTransient(error: unknown): boolean {
  if (isUnavailable(error)) return true;
  const status = statusOf(error);
  return status !== undefined && status !== 413 && !REQUEST_AT_FAULT.test(nameOf(error));
}

/** Resolves after so many milliseconds. */
export async function wait(milliseconds: number): Promise<void> {
  await delay(milliseconds);
}

/**
 * How long to wait before the next attempt, in milliseconds: exponential backoff with full jitter, that is anything
 * between 0 and the bound, which doubles with each attempt (counted from 0) up to `capMs`.
 */
export function backoffDelay(
  attempt: number,
  options: { baseMs: number; capMs: number; random?: () => number },
): number {
  const { baseMs, capMs, random = Math.random } = options;
  return random() * Math.min(capMs, baseMs * 2 ** attempt);
}
