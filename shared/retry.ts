import { setTimeout as delay } from 'node:timers/promises';

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

/** Whether the service said that it took nothing because it was asked too often. */
export function isThrottle(error: unknown): boolean {
  return statusOf(error) === 429 || THROTTLE_NAME.test(nameOf(error));
}

/** Whether a call may succeed later: a throttle, a fault of the service, a lost connection, a time-out, missing access. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined || status >= 500 || isThrottle(error)) return true;
  // Only a request that names its own fault is refused for good; missing rights or tables can be mended.
  return nameOf(error) !== 'ValidationException';
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
