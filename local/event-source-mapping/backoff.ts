/** Delay before the next attempt after `failures` failures in a row (at least 1), milliseconds: doubling, capped, the upper half at random. */
export function backoffMs(
  failures: number,
  limits: { readonly baseMs: number; readonly capMs: number },
  random: number,
): number {
  const full = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random;
}
