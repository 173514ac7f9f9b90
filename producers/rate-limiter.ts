/** Spreads records evenly over time. */
export interface RateLimiter {
  /** Most records to send at once, so that a low rate does not come in bursts. */
  readonly burst: number;
  /** Takes room for so many records and says how long to wait before they are sent, in milliseconds. */
  take(records: number): number;
}

/** Lets a tenth of a second of `ratePerSecond` through at once; without a rate nothing ever waits. */
export function createRateLimiter(
  ratePerSecond?: number,
  now: () => number = Date.now,
): RateLimiter {
  if (ratePerSecond === undefined) return { burst: Number.POSITIVE_INFINITY, take: () => 0 };
  let free = now();
  return {
    burst: Math.max(1, Math.floor(ratePerSecond / 10)),
    take(records) {
      const moment = now();
      const start = Math.max(moment, free);
      free = start + (records / ratePerSecond) * 1_000;
      return start - moment;
    },
  };
}
